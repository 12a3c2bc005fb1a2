/**
 * Wallets of this browser, by the Wallet Standard. The page moves bytes between wallet and
 * gateway: it builds no message and reads no transaction.
 */
import {
  SolanaSignIn,
  type SolanaSignInFeature,
  SolanaSignMessage,
  type SolanaSignMessageFeature,
  SolanaSignTransaction,
  type SolanaSignTransactionFeature,
} from "@solana/wallet-standard-features";
import { getWallets } from "@wallet-standard/app";
import type { IdentifierString, Wallet, WalletAccount } from "@wallet-standard/base";
import {
  StandardConnect,
  type StandardConnectFeature,
  StandardEvents,
  type StandardEventsFeature,
} from "@wallet-standard/features";
import { useSyncExternalStore } from "react";

type Feature = Partial<
  StandardConnectFeature &
    StandardEventsFeature &
    SolanaSignInFeature &
    SolanaSignMessageFeature &
    SolanaSignTransactionFeature
>;
export type SignInInput = Record<string, string>;

/** A person said no in the wallet; nothing went wrong. */
export class Declined extends Error {}
/** The wallet cannot do what is asked, or did something else. */
export class WalletFailed extends Error {}

export interface SignedText {
  message: Uint8Array;
  signature: Uint8Array;
}

const FAVORITE = "Phantom";
const REJECTED = 4001;
const registry = getWallets();
let known = usable();

function featuresOf(wallet: Wallet): Feature {
  return wallet.features as Feature;
}

/** Gives the wallets that can sign in on Solana, the favorite first. */
function usable(): readonly Wallet[] {
  return registry
    .get()
    .filter((one) => {
      const features = featuresOf(one);
      const isSolana = one.chains.some((chain) => chain.startsWith("solana:"));
      const canSign = SolanaSignIn in features || SolanaSignMessage in features;
      return isSolana && StandardConnect in features && canSign;
    })
    .toSorted((a, b) => Number(b.name === FAVORITE) - Number(a.name === FAVORITE));
}

/** Looks anew; the same wallets stay the same list, so that nobody begins to watch them again. */
function look(): void {
  const now = usable();
  if (now.length !== known.length || now.some((one, at) => one !== known[at])) known = now;
}

function subscribe(listener: () => void): () => void {
  const changed = () => {
    look();
    listener();
  };
  // One may have come between the first look and this subscription.
  look();
  const stops = [registry.on("register", changed), registry.on("unregister", changed)];
  return () => {
    for (const stop of stops) stop();
  };
}

export function useWallets(): readonly Wallet[] {
  return useSyncExternalStore(subscribe, () => known);
}

/** Asks a wallet for its accounts; `isSilent` asks without a prompt. */
export async function accountsOf(
  wallet: Wallet,
  isSilent = false,
): Promise<readonly WalletAccount[]> {
  const feature = featuresOf(wallet)[StandardConnect];
  if (!feature) throw new WalletFailed(`${wallet.name} cannot connect`);
  const { accounts } = await asked(feature.connect(isSilent ? { silent: true } : {}));
  const shown = accounts.length > 0 ? accounts : wallet.accounts;
  if (shown.length === 0 && !isSilent)
    throw new WalletFailed(`${wallet.name} gave no account: unlock it, then try again`);
  return shown;
}

/** Asks a wallet for the account that it shows first. */
export async function connect(wallet: Wallet, isSilent = false): Promise<WalletAccount | null> {
  return (await accountsOf(wallet, isSilent))[0] ?? null;
}

/** Has a wallet sign the text of a challenge: as a sign-in where it can, else as a message. */
export async function signIn(
  wallet: Wallet,
  account: WalletAccount,
  input: SignInInput,
  message: string,
): Promise<SignedText> {
  const features = featuresOf(wallet);
  const bySignIn = features[SolanaSignIn];
  if (bySignIn) {
    const [output] = await asked(bySignIn.signIn(input));
    if (!output) throw new WalletFailed(`${wallet.name} signed nothing`);
    return { message: output.signedMessage, signature: output.signature };
  }
  const byMessage = features[SolanaSignMessage];
  if (!byMessage) throw new WalletFailed(`${wallet.name} cannot sign in`);
  const [output] = await asked(
    byMessage.signMessage({ account, message: new TextEncoder().encode(message) }),
  );
  if (!output) throw new WalletFailed(`${wallet.name} signed nothing`);
  return { message: output.signedMessage, signature: output.signature };
}

/** Has a wallet sign a transaction of the gateway; gives its bytes, as the wallet made them. */
export async function signTransaction(
  wallet: Wallet,
  account: WalletAccount,
  transaction: Uint8Array,
  chain: IdentifierString | null = null,
): Promise<Uint8Array> {
  const feature = featuresOf(wallet)[SolanaSignTransaction];
  if (!feature || !account.features.includes(SolanaSignTransaction))
    throw new WalletFailed(`${wallet.name} cannot sign transactions with this account`);
  if (!feature.supportedTransactionVersions.includes(0))
    throw new WalletFailed(`${wallet.name} cannot sign transactions of version 0`);
  if (chain !== null && !account.chains.includes(chain))
    throw new WalletFailed(
      `expected an account of ${chain}, found ${account.chains.join(", ") || "none"}: change the network in ${wallet.name}`,
    );
  const [output] = await asked(
    feature.signTransaction({ account, transaction, ...(chain === null ? {} : { chain }) }),
  );
  if (!output) throw new WalletFailed(`${wallet.name} signed nothing`);
  return output.signedTransaction;
}

/** Tells when the accounts of a wallet change: another one, or none. */
export function onAccounts(wallet: Wallet, listener: (address: string | null) => void): () => void {
  const events = featuresOf(wallet)[StandardEvents];
  if (!events) return () => {};
  return events.on("change", ({ accounts }) => {
    if (accounts) listener(accounts[0]?.address ?? null);
  });
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const text = error instanceof Error ? error.message : String(error);
    if (code === REJECTED || /reject|denied|cancel/i.test(text)) throw new Declined(text);
    throw new WalletFailed(text);
  }
}
