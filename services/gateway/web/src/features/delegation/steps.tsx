import { cn } from "@/lib/cn";
import type { BadgeState } from "./states";

const STEPS = ["Agree", "Sign", "Active"] as const;

/** Where on the way to a delegation the owner is; nothing on the way back. */
export function Steps({ state, hasConsent }: { state: BadgeState; hasConsent: boolean }) {
  const at = state === "submitted" || state === "active" ? 2 : hasConsent ? 1 : 0;
  return (
    <ol data-testid="delegation-steps" className="flex gap-2 text-xs">
      {STEPS.map((name, number) => {
        const isDone = number < at || state === "active";
        const isNow = number === at && !isDone;
        return (
          <li
            key={name}
            aria-current={isNow ? "step" : undefined}
            className={cn(
              "flex flex-1 items-center gap-2 border-t-2 pt-1.5",
              isDone ? "border-info text-info" : isNow ? "border-ink" : "border-edge text-muted",
            )}
          >
            <span aria-hidden className="num">
              {isDone ? "✓" : number + 1}
            </span>
            {name}
            {isDone && <span className="sr-only">, done</span>}
          </li>
        );
      })}
    </ol>
  );
}
