import { useIsSignedOut, useLink } from "@/desk/hooks";
import { cn } from "@/lib/cn";
import { plural } from "@/lib/text";

const WORDS = {
  off: "off",
  connecting: "connecting",
  live: "live",
  stale: "stale",
  offline: "offline",
  outdated: "reload the page",
};

/** Says whether the stream is heard, how far away the gateway is, and what was caught up on. */
export function ConnectionPill() {
  const link = useLink();
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
        <span data-testid="latency" className="text-muted max-sm:hidden">
          {link.rttMs} ms
        </span>
      )}
      {isLive && link.replayed > 0 && (
        <span data-testid="replayed" className="text-muted max-md:hidden">
          caught up on {plural(link.replayed, "event")}
        </span>
      )}
    </span>
  );
}
