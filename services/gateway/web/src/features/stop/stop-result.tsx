import { Checklist } from "@/components/checklist";
import { Button } from "@/components/ui/button";
import { useDeskState, useNow } from "@/desk/hooks";
import { useDelegation } from "@/features/delegation/use-delegation";
import { levelOf } from "./levels";
import { stepsOf } from "./steps";
import type { Stopping } from "./use-stop";

const PATIENCE_MS = 10_000;

/** What came of a stop, step by step, as the log tells it; never a bare "done". */
export function StopResult({ stopping, again }: { stopping: Stopping; again(): void }) {
  const state = useDeskState();
  const { data: delegation } = useDelegation();
  useNow();
  const isLate = performance.now() - stopping.askedAt > PATIENCE_MS;
  return (
    <div data-testid="stop-result" role="status" className="flex flex-col gap-3">
      <Checklist
        steps={stepsOf(stopping, state, delegation ?? null)}
        awaited={isLate ? "Not known yet: still checking." : "Requested."}
      />
      {stopping.error && (
        <Button variant="danger" size="large" data-testid="stop-again" onClick={again}>
          Send it again
        </Button>
      )}
      <p className="text-muted text-sm">Stays open: {levelOf(stopping.level)?.leavesOpen}</p>
    </div>
  );
}

/** Whether all that a stop was to do is done. */
export function useIsDone(stopping: Stopping | null): boolean {
  const state = useDeskState();
  const { data: delegation } = useDelegation();
  if (!stopping) return false;
  return stepsOf(stopping, state, delegation ?? null).every(({ status }) => status === "done");
}
