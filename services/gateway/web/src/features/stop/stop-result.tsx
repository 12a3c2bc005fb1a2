import type { Order, State } from "@/api/client";
import { Button } from "@/components/ui/button";
import { useDeskState, useNow } from "@/desk/hooks";
import { type Delegation, useDelegation } from "@/features/delegation/use-delegation";
import { cn } from "@/lib/cn";
import { number, plural, shortened } from "@/lib/text";
import { levelOf } from "./levels";
import type { Stopping } from "./use-stop";

const PATIENCE_MS = 10_000;

type Step = { text: string; status: "done" | "pending" | "failed" };

/** What came of a stop, step by step, as the log tells it; never a bare "done". */
export function StopResult({ stopping, again }: { stopping: Stopping; again(): void }) {
  const state = useDeskState();
  const { data: delegation } = useDelegation();
  useNow();
  const isLate = performance.now() - stopping.askedAt > PATIENCE_MS;
  return (
    <div data-testid="stop-result" role="status" className="flex flex-col gap-3">
      <ul className="flex flex-col gap-2">
        {stepsOf(stopping, state, delegation ?? null).map(({ text, status }) => (
          <li key={text} className="flex items-start gap-2.5" data-status={status}>
            <span
              aria-hidden
              className={cn(
                "num w-4 shrink-0 text-center",
                status === "done" && "text-info",
                status === "pending" && "text-warn",
                status === "failed" && "text-bad",
              )}
            >
              {{ done: "✓", pending: "…", failed: "✗" }[status]}
            </span>
            <span>
              {text}
              {status === "pending" && (
                <span className="text-warn">
                  {isLate ? " Not known yet: still checking." : " Requested."}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
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

function stepsOf(stopping: Stopping, state: State | null, delegation: Delegation | null): Step[] {
  const { answer, before, level } = stopping;
  if (stopping.error) return [{ text: stopping.error, status: "failed" }];
  if (!answer) return [{ text: "The stop is on its way.", status: "pending" }];
  const steps: Step[] = [recorded(stopping)];
  if (answer.scope === "global")
    steps.push({
      text: "It stands for all accounts. What follows is of this one; the others tell of theirs.",
      status: "done",
    });
  if (answer.level !== answer.asked) {
    const stands = levelOf(answer.level)?.name.toLowerCase() ?? answer.level;
    steps.push({ text: `A higher level stands already, and stays: ${stands}.`, status: "done" });
  }
  steps.push({
    text: "New entries are blocked.",
    status: state?.isHalted ? "done" : "pending",
  });
  if (level !== "pause_entries") steps.push(...entries(before, state));
  if (level === "flatten" || level === "revoke_delegate")
    steps.push(...position(before, state), ...protection(before, state));
  if (level === "revoke_delegate") steps.push(key(delegation));
  return steps;
}

function recorded({ answer, tookMs }: Stopping): Step {
  if (!answer?.pos)
    return { text: "The log is away: it is recorded as soon as it answers.", status: "pending" };
  return { text: `Recorded at position ${answer.pos}, after ${tookMs} ms.`, status: "done" };
}

function entries(before: State | null, now: State | null): Step[] {
  const open = before?.orders.filter((one) => one.leg === "entry" && one.isOpen) ?? [];
  if (open.length === 0) return [{ text: "No entry was resting.", status: "done" }];
  return [gone(open, now, "resting entry order")];
}

/** Stops and take-profits go last, once there is nothing to protect. */
function protection(before: State | null, now: State | null): Step[] {
  const open = before?.orders.filter((one) => one.leg !== "entry" && one.isOpen) ?? [];
  return open.length === 0 ? [] : [gone(open, now, "stop and take-profit order")];
}

function gone(open: readonly Order[], now: State | null, noun: string): Step {
  const rest = new Set(now?.orders.filter((one) => one.isOpen).map((one) => one.orderId));
  const left = open.filter((one) => rest.has(one.orderId)).length;
  const text = `${open.length - left} of ${plural(open.length, noun)} gone.`;
  return { text, status: left ? "pending" : "done" };
}

function position(before: State | null, now: State | null): Step[] {
  const held = before?.position.quantityBase ?? "0";
  if (Number(held) === 0) return [{ text: "No position was open.", status: "done" }];
  const left = now?.position.quantityBase ?? held;
  const isFlat = Number(left) === 0;
  const text = isFlat
    ? `The position of ${number(held, { signed: true })} is closed.`
    : `The position of ${number(held, { signed: true })}: ${number(left, { signed: true })} left.`;
  return [{ text, status: isFlat ? "done" : "pending" }];
}

function key(delegation: Delegation | null): Step {
  if (!delegation) return { text: "Whether a delegate key lives.", status: "pending" };
  if (!delegation.isRequired)
    return { text: "The desk signs for itself: there is no delegate key.", status: "done" };
  if (delegation.key) {
    const text = `The delegate key ${shortened(delegation.key.address)} still lives, for two minutes at most.`;
    return { text, status: "pending" };
  }
  const gone = delegation.destroyed ? ` ${shortened(delegation.destroyed.address)}` : "";
  return { text: `The delegate key${gone} is destroyed.`, status: "done" };
}
