import type { Wallet } from "@wallet-standard/base";
import { useState } from "react";
import { sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Declined, useWallets } from "@/wallet/wallets";
import { useSignIn } from "./use-auth";

interface SignInDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  /** Why a sign-in is needed now. */
  reason: string;
  onSignedIn?: () => void;
}

/** Offers the wallets of this browser, and says what a signature here means. */
export function SignInDialog({ open, onOpenChange, reason, onSignedIn }: SignInDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="siws-modal"
      title="Sign in with your wallet"
      description={reason}
      className="w-[min(30rem,calc(100vw-1.5rem))]"
    >
      <SignInForm
        onSignedIn={() => {
          onSignedIn?.();
          onOpenChange(false);
        }}
        onCancel={() => onOpenChange(false)}
      />
    </Dialog>
  );
}

interface SignInFormProps {
  onSignedIn?: () => void;
  onCancel?: () => void;
}

export function SignInForm({ onSignedIn, onCancel }: SignInFormProps) {
  const wallets = useWallets();
  const signIn = useSignIn();
  const [asked, setAsked] = useState<string | null>(null);
  const [said, setSaid] = useState("");

  const begin = async (wallet: Wallet) => {
    setAsked(wallet.name);
    setSaid("");
    try {
      await signIn(wallet);
      onSignedIn?.();
    } catch (error) {
      setSaid(error instanceof Declined ? "Declined in the wallet." : sentence(error));
    } finally {
      setAsked(null);
    }
  };

  return (
    <div className="flex flex-col gap-4">
      <p data-testid="siws-statement" className="text-sm">
        Your wallet shows a text of this desk and signs it. The signature proves that the wallet is
        yours. It moves no money and gives no rights over the wallet. The session ends by itself,
        and you can end it at any time.
      </p>
      {wallets.length === 0 ? (
        <p data-testid="no-wallets" className="rounded-xl border border-edge p-3 text-muted">
          No Solana wallet was found in this browser. Install one that follows the Wallet Standard,
          such as{" "}
          <a
            href="https://phantom.com/download"
            target="_blank"
            rel="noreferrer"
            data-testid="install-wallet"
            className="inline-flex min-h-6 items-center underline hover:text-ink"
          >
            Phantom
          </a>
          ; it appears here by itself.
        </p>
      ) : (
        <ul className="flex flex-col gap-2">
          {wallets.map((wallet) => (
            <li key={wallet.name}>
              <Button
                size="large"
                data-testid={`wallet-${wallet.name.toLowerCase().replaceAll(" ", "-")}`}
                disabled={asked !== null}
                onClick={() => void begin(wallet)}
                className="w-full justify-start"
              >
                <img src={wallet.icon} alt="" className="size-6 rounded" />
                {wallet.name}
                {asked === wallet.name && <span className="text-muted">asked …</span>}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="flex items-center gap-3">
        <p role="status" data-testid="siws-said" className="min-w-0 flex-1 text-sm text-warn">
          {said}
        </p>
        {onCancel && (
          <Button variant="ghost" data-testid="siws-cancel" onClick={onCancel}>
            Cancel
          </Button>
        )}
      </div>
    </div>
  );
}
