import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { direction } from "@/lib/text";

const ARROWS = { up: "▲", down: "▼", flat: "" };
const COLORS = { up: "text-up", down: "text-down", flat: "" };

interface SignedProps {
  /** The decimal whose sign says the direction. */
  of: string | null | undefined;
  children: ReactNode;
  className?: string;
}

/** A number whose direction is told by sign, arrow and color, never by color alone. */
export function Signed({ of, children, className }: SignedProps) {
  const way = direction(of);
  return (
    <span className={cn("num", COLORS[way], className)}>
      {ARROWS[way] && (
        <span aria-hidden className="mr-1 text-[0.7em]">
          {ARROWS[way]}
        </span>
      )}
      {children}
    </span>
  );
}

interface FactProps {
  name: ReactNode;
  children: ReactNode;
  testid: string;
  isLead?: boolean;
}

/** One line of a list of facts: a name and its value. */
export function Fact({ name, children, testid, isLead = false }: FactProps) {
  return (
    <div className="flex items-baseline justify-between gap-3 py-[3px]" data-testid={testid}>
      <dt className="min-w-0 text-muted">{name}</dt>
      <dd className={cn("num text-right", isLead && "font-semibold text-xl")}>{children}</dd>
    </div>
  );
}
