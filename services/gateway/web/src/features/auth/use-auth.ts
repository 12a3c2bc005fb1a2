import { useQueryClient } from "@tanstack/react-query";
import type { Wallet } from "@wallet-standard/base";
import { useCallback, useEffect } from "react";
import { answered, api } from "@/api/client";
import { keys } from "@/desk/desk";
import { useAccess, useDesk } from "@/desk/hooks";
import { tell } from "@/features/toasts/tell";
import { toBase64 } from "@/wallet/bytes";
import { connect, onAccounts, signIn, useWallets } from "@/wallet/wallets";

/** Signs in with a wallet: the gateway writes the text, the wallet signs it, the gateway looks. */
export function useSignIn() {
  const cache = useQueryClient();
  return async (wallet: Wallet): Promise<void> => {
    const account = await connect(wallet);
    if (!account) return;
    const { data: challenge } = await answered(
      api.POST("/api/auth/challenge", { body: { address: account.address } }),
    );
    const signed = await signIn(wallet, account, challenge.input, challenge.message);
    await answered(
      api.POST("/api/auth/verify", {
        body: {
          challengeId: challenge.challengeId,
          signedMessage: toBase64(signed.message),
          signature: toBase64(signed.signature),
        },
      }),
    );
    await cache.invalidateQueries({ queryKey: keys.access });
  };
}

/** Ends this session, and forgets everything that it showed. */
export function useSignOut() {
  const cache = useQueryClient();
  const desk = useDesk();
  return useCallback(async (): Promise<void> => {
    desk.stop();
    await answered(api.POST("/api/auth/sign-out"));
    desk.forget();
    await cache.invalidateQueries({ queryKey: keys.access });
  }, [cache, desk]);
}

/**
 * Signs out at once when the wallet that signed in shows another account, or none. The account that
 * `actsFor` names is no other one: an owner that cannot sign in is shown to sign transactions.
 */
export function useWalletWatch(actsFor: string | null): void {
  const address = useAccess().data?.session?.wallet;
  const wallets = useWallets();
  const signOut = useSignOut();
  useEffect(() => {
    if (!address) return;
    const isOneOfOurs = (one: string | null) =>
      one === address || (one !== null && one === actsFor);
    const stops = wallets.map((wallet) => {
      let wasOurs = false;
      const look = () => {
        wasOurs ||= wallet.accounts.some((one) => isOneOfOurs(one.address));
      };
      look();
      // A wallet that trusts this page says its account without a prompt; one that does not, nothing.
      void connect(wallet, true).then(look, () => {});
      return onAccounts(wallet, (now) => {
        const isOurs = isOneOfOurs(now);
        if (wasOurs && !isOurs) {
          tell("warning", "Wallet changed: signed out.", { id: "wallet-changed" });
          void signOut();
        }
        wasOurs = isOurs;
      });
    });
    return () => {
      for (const stop of stops) stop();
    };
  }, [address, actsFor, wallets, signOut]);
}
