import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export interface Step {
  text: string;
  status: "done" | "pending" | "failed";
  /** Names it for a test. */
  testid?: string;
}

const MARKS = { done: "✓", pending: "…", failed: "✗" };
const COLORS = { done: "text-info", pending: "text-warn", failed: "text-bad" };

/** What of something is done, what is awaited and what failed, in its order. */
export function Checklist({ steps, awaited }: { steps: readonly Step[]; awaited?: ReactNode }) {
  return (
    <ul className="flex flex-col gap-1.5">
      {steps.map(({ text, status, testid }) => (
        <li
          key={testid ?? text}
          data-testid={testid}
          data-status={status}
          className="flex items-start gap-2.5"
        >
          <span aria-hidden className={cn("num w-4 shrink-0 text-center", COLORS[status])}>
            {MARKS[status]}
          </span>
          <span>
            {text}
            {status === "pending" && awaited && <span className="text-warn"> {awaited}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
