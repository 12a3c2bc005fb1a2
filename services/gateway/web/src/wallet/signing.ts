/**
 * Has a wallet sign a transaction that the gateway wrote, and gives it back: bytes in, bytes out.
 *
 * Whatever needs a signature uses this: delegation and revoke, orders that are signed by hand.
 */
import type { IdentifierString, Wallet, WalletAccount } from "@wallet-standard/base";
import { fromBase64, toBase64 } from "./bytes";
import { accountsOf, signTransaction, useWallets, WalletFailed } from "./wallets";

export interface Unsigned {
  /** The address whose signature is missing. */
  feePayer: string;
  /** The transaction, with an empty signature. */
  base64: string;
}

interface Holder {
  wallet: Wallet;
  account: WalletAccount;
}

const CHAINS: Record<string, IdentifierString> = {
  mainnet: "solana:mainnet",
  devnet: "solana:devnet",
  testnet: "solana:testnet",
};

/** Names a cluster as wallets do; null for one that they do not know, such as paper. */
export function chainOf(cluster: string): IdentifierString | null {
  return CHAINS[cluster] ?? null;
}

/** Gives a signer: an unsigned transaction becomes a signed one, in base64. */
export function useSigner() {
  const wallets = useWallets();
  return (unsigned: Unsigned, chain: IdentifierString | null) => signWith(wallets, unsigned, chain);
}

/** Signs with whichever wallet holds the address; throws `Declined` or `WalletFailed`. */
export async function signWith(
  wallets: readonly Wallet[],
  { feePayer, base64 }: Unsigned,
  chain: IdentifierString | null = null,
): Promise<string> {
  const { wallet, account } = await holderOf(wallets, feePayer);
  return toBase64(await signTransaction(wallet, account, fromBase64(base64), chain));
}

/** Looks without a prompt first; asks only where there is one wallet to ask. */
async function holderOf(wallets: readonly Wallet[], address: string): Promise<Holder> {
  for (const look of [shownBy, silently]) {
    for (const wallet of wallets) {
      const account = (await look(wallet)).find((one) => one.address === address);
      if (account) return { wallet, account };
    }
  }
  const [only, ...others] = wallets;
  if (!only) throw new WalletFailed("No Solana wallet was found in this browser");
  if (others.length > 0)
    throw new WalletFailed(
      `none of ${wallets.map((one) => one.name).join(", ")} shows ${address}: unlock the one that holds it, choose that account, then try again`,
    );
  const shown = await accountsOf(only);
  const account = shown.find((one) => one.address === address);
  if (account) return { wallet: only, account };
  throw new WalletFailed(
    `expected ${only.name} to show ${address}, found ${shown.map((one) => one.address).join(", ")}: choose that account in it, then try again`,
  );
}

async function shownBy(wallet: Wallet): Promise<readonly WalletAccount[]> {
  return wallet.accounts;
}

async function silently(wallet: Wallet): Promise<readonly WalletAccount[]> {
  try {
    return await accountsOf(wallet, true);
  } catch {
    return []; // One that is locked shows nothing; it is asked aloud where it is the only one.
  }
}
