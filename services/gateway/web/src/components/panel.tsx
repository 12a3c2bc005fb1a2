import { type ReactNode, useId } from "react";
import { useFailure } from "@/desk/hooks";
import { cn } from "@/lib/cn";

interface PanelProps {
  testid: string;
  title: ReactNode;
  /** How old what it shows is, in words. */
  age?: ReactNode;
  actions?: ReactNode;
  /** What it shows is not heard any more: it dims, and its colors mean nothing. */
  isStale?: boolean;
  /** It scrolls within itself, by keyboard too. */
  isScrolled?: boolean;
  className?: string;
  bodyClassName?: string;
  children: ReactNode;
}

/** One card of the desk. */
export function Panel({
  testid,
  title,
  age,
  actions,
  isStale = false,
  isScrolled = false,
  className,
  bodyClassName,
  children,
}: PanelProps) {
  const name = useId();
  const scroll = isScrolled && {
    tabIndex: 0,
    role: "region",
    "aria-labelledby": name,
    "data-testid": `${testid}-scroll`,
  };
  return (
    <section
      tabIndex={-1}
      data-testid={testid}
      data-stale={isStale}
      className={cn(
        "flex min-w-0 flex-col rounded-2xl border border-edge bg-panel shadow-back/60 shadow-lg",
        className,
      )}
    >
      <header className="flex min-h-11 flex-wrap items-center gap-x-2.5 gap-y-1 px-4 pt-3 pb-1">
        <h2 id={name} className="font-semibold text-[0.8125rem] text-muted">
          {title}
        </h2>
        {age && <span className="num text-2xs text-muted">{age}</span>}
        {isStale && (
          <span className="rounded-full border border-warn/70 px-2 text-2xs text-warn">
            not live
          </span>
        )}
        {actions && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div
        {...scroll}
        className={cn(
          "min-h-0 min-w-0 flex-1 px-4 pb-4 transition-opacity",
          isScrolled && "overflow-y-auto",
          isStale && "opacity-85 saturate-0",
          bodyClassName,
        )}
      >
        {children}
      </div>
    </section>
  );
}

/** Says that there is nothing yet, and what would bring something. */
export function Empty({ children, testid }: { children: ReactNode; testid: string }) {
  return (
    <p data-testid={testid} className="py-3 text-muted">
      {children}
    </p>
  );
}

/** Keeps the height of what is on its way. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn("animate-pulse rounded-lg bg-raised", className)} />;
}

/** Stands for what is on its way; where the desk is not to be had, it says why. */
export function Loading({ lines, testid }: { lines: number; testid: string }) {
  const failure = useFailure();
  if (failure !== null)
    return (
      <p role="status" data-testid={testid} className="wrap-anywhere py-3">
        <span className="text-warn">Not loaded.</span> {failure}. It is tried again by itself.
      </p>
    );
  return (
    <div role="status" data-testid={testid} className="flex flex-col gap-2.5 py-1">
      <span className="sr-only">Loading …</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike
        <Skeleton key={line} className="h-5" />
      ))}
    </div>
  );
}
