import { useDesk, useIsSignedOut, useLink, useServices } from "@/desk/hooks";
import { slowest } from "@/features/services/standing";
import { cn } from "@/lib/cn";
import { number, plural } from "@/lib/text";
import { duration } from "@/lib/time";

const WORDS = {
  off: "off",
  connecting: "connecting",
  live: "live",
  stale: "stale",
  offline: "offline",
  outdated: "reload the page",
};

/** A clock of this browser that differs by more makes every age on the page doubtful. */
const SKEW_MS_MAX = 2_000;
const LAG_EVENTS_MAX = 100;
/** Sets a part apart from the one before it. */
const APART = "before:mr-2 before:text-muted before:content-['·']";

/**
 * Says whether the stream is heard, how far away the gateway is, how far the desk is behind its
 * log, and what was caught up on.
 */
export function ConnectionPill() {
  const { skewMs } = useDesk();
  const link = useLink();
  const services = useServices();
  const lag = slowest(services?.items ?? []);
  const isLive = link.status === "live";
  const isSignedOut = useIsSignedOut();
  return (
    <span
      role="status"
      data-testid="connection-pill"
      data-status={link.status}
      title={`head of the log: ${link.head}`}
      className={cn(
        "num inline-flex items-center gap-2 rounded-full border px-3 py-1 text-xs whitespace-nowrap",
        isLive || isSignedOut ? "border-control" : "border-bad",
      )}
    >
      <span
        aria-hidden
        className={cn(
          "size-2 rounded-full",
          isLive ? "bg-info" : isSignedOut ? "bg-muted" : "bg-bad",
        )}
      />
      <span>
        {isSignedOut ? "signed out" : WORDS[link.status]}
        {!isSignedOut && link.status === "offline" && `, try ${link.tries}`}
      </span>
      {isLive && link.rttMs !== null && (
        <span data-testid="latency" className={cn(APART, "text-muted")}>
          {link.rttMs} ms
        </span>
      )}
      {isLive && lag && (
        <span
          data-testid="lag"
          title={`events of the log that ${lag.name} has yet to read`}
          className={cn(
            APART,
            lag.events > LAG_EVENTS_MAX ? "text-warn" : "text-muted max-sm:hidden",
          )}
        >
          lag {number(lag.events)}
        </span>
      )}
      {isLive && Math.abs(skewMs) > SKEW_MS_MAX && (
        <span data-testid="clock-skew" className={cn(APART, "text-warn max-sm:hidden")}>
          this clock is {duration(Math.abs(skewMs))} {skewMs > 0 ? "behind" : "ahead"}
        </span>
      )}
      {isLive && link.replayed > 0 && (
        <span data-testid="replayed" className={cn(APART, "text-muted max-md:hidden")}>
          caught up on {plural(link.replayed, "event")}
        </span>
      )}
    </span>
  );
}
