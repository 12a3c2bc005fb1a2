import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { useByHandFollow } from "@/features/signing/use-by-hand";
import { DelegationDialog } from "./delegation-dialog";
import { useDelegation, useDelegationFollow } from "./use-delegation";

const OpenContext = createContext<(() => void) | null>(null);

/** Opens the window of the delegation, from wherever it is missing. */
export function useOpenDelegation(): () => void {
  const open = useContext(OpenContext);
  if (!open) throw new Error("expected a DelegationWindow above, found none");
  return open;
}

/** Holds the one window of the delegation, and keeps what it shows up to date. */
export function DelegationWindow({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const { data: delegation } = useDelegation();
  useDelegationFollow();
  useByHandFollow();
  const openIt = useCallback(() => setOpen(true), []);
  return (
    <OpenContext value={openIt}>
      {children}
      {delegation?.isRequired && (
        <DelegationDialog open={isOpen} onOpenChange={setOpen} delegation={delegation} />
      )}
    </OpenContext>
  );
}
