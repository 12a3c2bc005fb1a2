import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { Problem } from "@/api/client";
import { SignInDialog } from "./sign-in-dialog";

type Guard = <T>(run: () => Promise<T>) => Promise<T>;

const StepUpContext = createContext<Guard | null>(null);

/** Runs a command; where it needs a fresh sign-in, asks for one and runs it once more. */
export function useStepUp(): Guard {
  const guard = useContext(StepUpContext);
  if (!guard) throw new Error("expected a StepUp above, found none");
  return guard;
}

export function StepUp({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const decide = useRef<((isFresh: boolean) => void) | null>(null);
  const settle = (isFresh: boolean) => {
    setOpen(false);
    decide.current?.(isFresh);
    decide.current = null;
  };
  const guard: Guard = useCallback(async (run) => {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Problem && error.code === "step_up_required")) throw error;
      const isFresh = await new Promise<boolean>((resolve) => {
        decide.current = resolve;
        setOpen(true);
      });
      if (!isFresh) throw error;
      return run();
    }
  }, []);
  return (
    <StepUpContext value={guard}>
      {children}
      <SignInDialog
        open={isOpen}
        onOpenChange={(open) => {
          if (!open) settle(false);
        }}
        reason="This command needs a sign-in of the last minutes. Nothing was done yet."
        onSignedIn={() => settle(true)}
      />
    </StepUpContext>
  );
}
