import { Outlet } from "@tanstack/react-router";
import { useEffect } from "react";
import { Toaster } from "sonner";
import { Guarded } from "@/components/guarded";
import { Panel } from "@/components/panel";
import { useAccess, useDesk, useIsSignedOut } from "@/desk/hooks";
import { SignInForm } from "@/features/auth/sign-in-dialog";
import { StepUp } from "@/features/auth/step-up";
import { DelegationWindow } from "@/features/delegation/open";
import { Keys } from "@/features/keys/keys";
import { HaltBanner } from "@/features/stop/halt-banner";
import { useToasts } from "@/features/toasts/use-toasts";
import { TopBar } from "@/features/top-bar/top-bar";
import { Warnings } from "@/features/top-bar/warnings";

/** What stands around every page; begins to follow the desk once somebody may see it. */
export function Shell() {
  const desk = useDesk();
  const { data: access } = useAccess();
  const isSignedOut = useIsSignedOut();
  const mayRead = access !== undefined && !isSignedOut;
  const session = access?.session?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session ends the stream of the old
  useEffect(() => {
    if (!mayRead) return;
    void desk.start();
    return () => desk.stop();
  }, [desk, mayRead, session]);
  useEffect(() => {
    if (isSignedOut) desk.forget();
  }, [desk, isSignedOut]);

  return (
    <StepUp>
      <DelegationWindow>
        <Keys>
          <div className="min-h-dvh max-sm:pb-20">
            <TopBar />
            <Guarded isInline name="Stops">
              <HaltBanner />
            </Guarded>
            <Guarded isInline name="Warnings">
              <Warnings />
            </Guarded>
            <main className="mx-auto max-w-[110rem] p-3">
              {isSignedOut ? <SignedOut /> : <Outlet />}
            </main>
            <Toasts />
          </div>
        </Keys>
      </DelegationWindow>
    </StepUp>
  );
}

/** Its own component: what it hears makes nobody else look. */
function Toasts() {
  useToasts();
  return (
    <Toaster
      theme="dark"
      position="bottom-right"
      visibleToasts={4}
      mobileOffset={{ bottom: "5.5rem" }}
    />
  );
}

function SignedOut() {
  return (
    <Panel
      testid="signed-out"
      title="Sign in with a wallet to see this desk"
      className="mx-auto max-w-xl"
    >
      <SignInForm />
    </Panel>
  );
}
