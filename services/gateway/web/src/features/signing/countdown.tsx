import { useState } from "react";
import { cn } from "@/lib/cn";
import { countdown } from "@/lib/time";

const SOON_MS = 15_000;

interface CountdownProps {
  /** In ms; none once it is over. */
  left: number;
  expiresAt: string;
  now: number;
  /** What stands in the place of the time once it is over. */
  over: string;
}

/** How long it can still be signed, as words and as a bar. */
export function Countdown({ left, expiresAt, now, over }: CountdownProps) {
  const [whole] = useState(Math.max(1, left));
  const isSoon = left <= SOON_MS;
  const share = Math.min(1, Math.max(0, left / whole));
  return (
    <div className="flex items-center gap-3">
      <div aria-hidden className="h-1.5 min-w-0 flex-1 overflow-hidden rounded-full bg-raised">
        <div
          className={cn("h-full origin-left", isSoon ? "bg-warn" : "bg-info")}
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <span
        data-testid="offer-countdown"
        className={cn("num text-sm", isSoon ? "text-warn" : "text-muted")}
      >
        {left <= 0 ? over : `${countdown(expiresAt, now)} left to sign`}
      </span>
      <span role="status" data-testid="offer-soon" className="sr-only">
        {isSoon && left > 0 ? "Less than 15 seconds left to sign." : ""}
      </span>
    </div>
  );
}
