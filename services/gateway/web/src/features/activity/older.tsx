import { useCallback, useRef, useState } from "react";
import { sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { useActivity, useDesk, useLink, useReloadedAt } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { plural } from "@/lib/text";
import { clock, zoneName } from "@/lib/time";
import { type Filter, matches } from "./filters";

/** The way back in the log. */
export interface Older {
  state: "idle" | "loading" | "failed" | "end";
  error: string;
  /** More may be loaded by itself. */
  isIdle: boolean;
  load(): void;
}

/** Loads older events, until enough of them match what is filtered. */
export function useOlder(filter: Filter): Older {
  const desk = useDesk();
  useActivity();
  const [said, setSaid] = useState<{ isLoading: boolean; error: string }>({
    isLoading: false,
    error: "",
  });
  const isBusy = useRef(false);
  const load = useCallback(() => {
    if (isBusy.current) return;
    isBusy.current = true;
    setSaid({ isLoading: true, error: "" });
    desk
      .loadOlder((event) => matches(event, filter))
      .then(
        () => setSaid({ isLoading: false, error: "" }),
        (error) => setSaid({ isLoading: false, error: sentence(error) }),
      )
      .finally(() => {
        isBusy.current = false;
      });
  }, [desk, filter]);
  const isEnd = desk.activity.cursor === null;
  const state = said.isLoading ? "loading" : said.error ? "failed" : isEnd ? "end" : "idle";
  return { state, error: said.error, isIdle: state === "idle", load };
}

/** The end of what was loaded: more, or the beginning of the log. */
export function OlderFoot({ older }: { older: Older }) {
  return (
    <p
      role="status"
      data-testid="activity-older"
      data-state={older.state}
      className="flex min-h-9 items-center gap-3 px-1.5 py-1 text-muted text-xs"
    >
      {older.state === "loading" && "Loading older events …"}
      {older.state === "end" && "This is the beginning of the log."}
      {older.state === "failed" && <span className="text-warn">Not loaded. {older.error}</span>}
      {(older.state === "failed" || older.state === "idle") && (
        <Button size="small" data-testid="activity-load-older" onClick={older.load}>
          {older.state === "failed" ? "Try again" : "Older events"}
        </Button>
      )}
    </p>
  );
}

/** Says what was missed while the connection was lost, and whether it is all here. */
export function CaughtUp() {
  const { replayed, status } = useLink();
  const reloadedAt = useReloadedAt();
  const { zone } = usePreferences();
  const at = reloadedAt === null ? "" : new Date(reloadedAt).toISOString();
  const text =
    status === "live" && replayed > 0
      ? `Replayed ${plural(replayed, "event")} that came while the connection was lost.`
      : reloadedAt !== null
        ? `Loaded anew at ${clock(at, zone)} ${zoneName(zone)}: too much came in between to be replayed.`
        : "";
  return (
    <p role="status" data-testid="activity-caught-up" className="text-2xs text-muted empty:hidden">
      {text}
    </p>
  );
}
