import { useState } from "react";
import { sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { useAccess } from "@/desk/hooks";
import { useDelegation } from "@/features/delegation/use-delegation";
import { tell } from "@/features/toasts/tell";
import { shortened } from "@/lib/text";
import { SignInDialog } from "./sign-in-dialog";
import { useSignOut, useWalletWatch } from "./use-auth";

/** Who commands the desk here: nobody needs to sign in, a wallet, or nobody yet. */
export function WalletMenu() {
  const { data: access } = useAccess();
  const signOut = useSignOut();
  const [isOpen, setOpen] = useState(false);
  const { data: delegation } = useDelegation();
  useWalletWatch(delegation?.mayAct ? delegation.owner : null);
  if (!access) return null;
  if (access.mode === "local")
    return (
      <span data-testid="access-note" className="text-muted text-xs max-sm:hidden">
        local desk, no sign-in
      </span>
    );
  if (access.session) {
    const { wallet } = access.session;
    return (
      <span className="flex items-center gap-1.5">
        <span data-testid="wallet-address" title={wallet} className="num text-xs">
          {shortened(wallet)}
        </span>
        <Button
          size="small"
          variant="ghost"
          data-testid="sign-out"
          onClick={() =>
            void signOut().catch((error) =>
              tell("critical", "Not signed out", {
                id: "sign-out-failed",
                detail: sentence(error),
              }),
            )
          }
        >
          Sign out
        </Button>
      </span>
    );
  }
  return (
    <>
      <Button variant="primary" data-testid="connect-wallet" onClick={() => setOpen(true)}>
        Connect wallet
      </Button>
      <SignInDialog
        open={isOpen}
        onOpenChange={setOpen}
        reason="Only wallets that this desk knows may command it."
      />
    </>
  );
}
