import { Outlet } from "@tanstack/react-router";
import { useEffect } from "react";
import { Panel } from "@/components/panel";
import { useAccess, useDesk } from "@/desk/hooks";
import { HaltBanner } from "@/features/stop/halt-banner";
import { TopBar } from "@/features/top-bar/top-bar";
import { Warnings } from "@/features/top-bar/warnings";

/** What stands around every page; begins to follow the desk once somebody may see it. */
export function Shell() {
  const desk = useDesk();
  const { data: access } = useAccess();
  const mayRead = access !== undefined && (access.mode === "local" || access.session !== null);
  useEffect(() => {
    if (!mayRead) return;
    void desk.start();
    return () => desk.stop();
  }, [desk, mayRead]);

  return (
    <div className="min-h-dvh max-sm:pb-20">
      <TopBar />
      <HaltBanner />
      <Warnings />
      <main className="mx-auto max-w-[110rem] p-3">
        {access && !mayRead ? <SignedOut /> : <Outlet />}
      </main>
    </div>
  );
}

function SignedOut() {
  return (
    <Panel testid="signed-out" title="Signed out" className="mx-auto max-w-xl">
      <p>Sign in with a wallet to see this desk.</p>
    </Panel>
  );
}
