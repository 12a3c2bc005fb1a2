/** Has the wallet of an address sign a transaction that the gateway wrote. */
import { fromBase64, toBase64 } from "./bytes";
import { connect, signTransaction, useWallets, WalletFailed } from "./wallets";

/**
 * Gives a signer: an address and an unsigned transaction in base64 become a signed one.
 *
 * It asks the wallet that shows the address already; where none does, each wallet is asked without
 * a prompt, and a single one with.
 */
export function useOwnerSigner() {
  const wallets = useWallets();
  return async (address: string, base64: string): Promise<string> => {
    for (const wallet of wallets) {
      const shown = wallet.accounts.find((one) => one.address === address);
      const account = shown ?? (await connect(wallet, wallets.length > 1).catch(() => null));
      if (account?.address !== address) continue;
      return toBase64(await signTransaction(wallet, account, fromBase64(base64)));
    }
    throw new WalletFailed(
      wallets.length === 0
        ? "No Solana wallet was found in this browser"
        : `Expected a wallet that shows ${address}, found none: choose that account in it, then try again`,
    );
  };
}
