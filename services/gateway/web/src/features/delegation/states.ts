/** What each state of the delegation means, in words; the chain says which one it is. */
import type { Tone } from "@/components/ui/badge";
import type { Delegation } from "./use-delegation";

export type BadgeState =
  | "none"
  | "awaiting"
  | "submitted"
  | "active"
  | "foreign"
  | "revoking"
  | "revoked"
  | "unknown";

interface Words {
  label: string;
  tone: Tone;
  /** Told apart without color. */
  mark: string;
  sentence: string;
}

export const STATES: Record<BadgeState, Words> = {
  none: {
    label: "no delegate",
    tone: "plain",
    mark: "○",
    sentence: "Nobody but the owner may sign. The strategy cannot enter.",
  },
  awaiting: {
    label: "awaiting signature",
    tone: "warning",
    mark: "◔",
    sentence:
      "A key was made and waits to be named by the owner's wallet. It may sign nothing yet.",
  },
  submitted: {
    label: "submitted",
    tone: "warning",
    mark: "◑",
    sentence: "The owner's transaction is on its way. It counts once the chain shows it.",
  },
  active: {
    label: "delegated",
    tone: "good",
    mark: "●",
    sentence: "The chain names this desk's key: it may place, change and cancel orders.",
  },
  foreign: {
    label: "foreign delegate",
    tone: "bad",
    mark: "▲",
    sentence:
      "The chain names a key that is not this desk's living one. This desk can sign nothing; stops on the venue stay.",
  },
  revoking: {
    label: "revoking",
    tone: "warning",
    mark: "◐",
    sentence: "The revoke is on its way. Nothing new is signed meanwhile.",
  },
  revoked: {
    label: "revoked",
    tone: "plain",
    mark: "○",
    sentence: "The owner took the right to sign back. Stops that rest on the venue stay.",
  },
  unknown: {
    label: "delegate unknown",
    tone: "bad",
    mark: "?",
    sentence:
      "Execution does not answer, so nobody reads the chain now. What is shown may be old; the venue's own page shows what stands.",
  },
};

/** Gives the state to show: a transaction that was sent is told apart from one to be signed. */
export function badgeState(delegation: Delegation): BadgeState {
  const { state, sent } = delegation;
  if (state === "awaiting" && sent?.kind === "delegate" && sent.status === "sent")
    return "submitted";
  return state in STATES ? (state as BadgeState) : "unknown";
}

const NAMES: Record<string, string> = {
  venue_reading: "The venue is read",
  sub_account: "Sub-account",
  quote_mint: "Quote asset",
  deposit: "Deposit",
  leverage_cap: "Cap on leverage in the program",
  owner_sol: "SOL of the owner",
  delegate_sol: "SOL of the delegate key",
  delegate: "Delegate on the chain",
  delegate_transfer: "Transfers by a delegate",
  key_store: "Store of sealed keys",
  kill: "Kill switch",
  consent: "Consent",
};

export function checkName(code: string): string {
  return NAMES[code] ?? code.replaceAll("_", " ");
}
