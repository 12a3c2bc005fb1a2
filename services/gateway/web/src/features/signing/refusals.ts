/** Why a transaction was not taken, in words, and what to do then. */
import { Problem, sentence } from "@/api/client";
import { WalletFailed } from "@/wallet/wallets";

export interface Refusal {
  /** A stable name of the case. */
  code: string;
  title: string;
  text: string;
  /** What the gateway said of it, word by word; empty when it was not asked. */
  detail: string;
  /** Whether only another transaction helps: this one can be signed no more. */
  needsRebuild: boolean;
}

/** Titles and remedies of refusals that say something to a person with a wallet. */
const KNOWN: Record<string, [title: string, remedy: string]> = {
  tx_altered: [
    "The wallet changed the transaction",
    "Nothing was sent. A wallet may set the fee budget and add its own checks; anything else is refused. Sign again without changes, or use another wallet.",
  ],
  tx_fee_too_high: [
    "The wallet offers too high a fee",
    "Nothing was sent. Lower the priority fee in the wallet, then sign again; something on this machine may want to burn your SOL.",
  ],
  tx_signature_invalid: [
    "The signature is not of the owner's wallet",
    "Nothing was sent. Choose the owner's account in the wallet, then sign again.",
  ],
  tx_expired: [
    "It was signed too late",
    "Nothing was sent: no block can take it any more. Sign the next one in time.",
  ],
  tx_unknown: ["A newer transaction took its place", "Nothing was sent. Build it anew."],
  tx_replaced: ["A newer transaction took its place", "Nothing was sent. Sign the newer one."],
  tx_unwanted: [
    "It is not wanted any more",
    "Nothing was sent. The account or the market changed; look at what waits now.",
  ],
  tx_repeated: ["It was signed before", "Nothing was sent twice."],
  tx_not_now: [
    "The desk's policy does not send it any more",
    "Nothing was sent. The market or the account changed since it was offered.",
  ],
  not_by_hand: ["Somebody else signs now", "Nothing was sent. Look at who signs for the account."],
  venue_silent: [
    "No answer yet",
    "It may be on its way. Wait for what this window says of it; signing again sends nothing twice.",
  ],
  unreachable: [
    "The gateway did not answer",
    "It may be on its way. Once the connection is live, signing again sends nothing twice.",
  ],
};
const REBUILT: ReadonlySet<string> = new Set([
  "tx_expired",
  "tx_unknown",
  "tx_replaced",
  "tx_unwanted",
]);

export function refusalOf(error: unknown): Refusal {
  if (error instanceof Problem) {
    const [title, remedy] = KNOWN[error.code] ?? [error.title, "Nothing was sent."];
    const { code, detail } = error;
    return { code, title, text: remedy, detail, needsRebuild: REBUILT.has(code) };
  }
  const title =
    error instanceof WalletFailed ? "The wallet did not sign" : "Something went wrong here";
  const said = sentence(error);
  const text = `Nothing was sent. ${said[0]?.toUpperCase() ?? ""}${said.slice(1)}.`;
  return { code: "wallet_failed", title, text, detail: "", needsRebuild: false };
}
