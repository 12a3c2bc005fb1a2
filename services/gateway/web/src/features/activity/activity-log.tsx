import { getRouteApi } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Activity } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { useActivity, useDesk, useDeskPart, useIsOffline, useLink } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { plural, words } from "@/lib/text";
import { clock, newDay } from "@/lib/time";
import { EventDialog } from "./event-dialog";
import { ExportLinks } from "./export-links";
import { FilterBar } from "./filter-bar";
import { matches } from "./filters";
import { CaughtUp, type Older, OlderFoot, useOlder } from "./older";

const ROW_PX = 30;
/** How many rows before the last one more are loaded. */
const NEAR_END = 15;
const LEVELS: Record<Activity["level"], string> = {
  noise: "text-muted",
  info: "text-ink",
  good: "text-info",
  warning: "text-warn",
  bad: "text-bad",
};
const route = getRouteApi("/");

/** The log of the desk, live: filtered, paused when one wants to read, each event to its last field. */
export function ActivityLog() {
  const all = useActivity();
  const filter = route.useSearch();
  const { activity } = useDesk();
  const pos = useDeskPart((state) => state.pos);
  const isOffline = useIsOffline();
  const { head } = useLink();
  const [pausedAt, setPausedAt] = useState<string | null>(null);
  const [shown, setShown] = useState<Activity | null>(null);

  const wanted = useMemo(() => all.filter((one) => matches(one, filter)), [all, filter]);
  const rows = useMemo(
    () =>
      pausedAt === null ? wanted : wanted.filter((one) => BigInt(one.pos) <= BigInt(pausedAt)),
    [wanted, pausedAt],
  );
  const isPaused = pausedAt !== null;
  const older = useOlder(filter);
  const missed = wanted.length - rows.length;
  return (
    <Panel
      testid="activity-log"
      title="Activity"
      age={`log position ${head === "0" ? (pos ?? "–") : head}`}
      isStale={pos !== null && isOffline}
      className="h-[34rem]"
      bodyClassName="flex flex-col gap-2"
      actions={
        <>
          <ExportLinks filter={filter} />
          <Button
            size="small"
            data-testid="activity-pause"
            aria-pressed={isPaused}
            onClick={() => setPausedAt(isPaused ? null : (all[0]?.pos ?? "0"))}
          >
            {isPaused ? "Go live" : "Pause"}
            {isPaused && (
              <span data-testid="activity-new" className="num text-lime">
                {plural(missed, "new event")}
              </span>
            )}
          </Button>
        </>
      }
    >
      <FilterBar events={all} count={rows.length} />
      <CaughtUp />
      {!activity.isLoaded ? (
        <Loading lines={8} testid="activity-loading" />
      ) : rows.length === 0 ? (
        <div className="min-h-0 flex-1">
          <Empty testid="activity-empty">
            {all.length === 0
              ? "Nothing has happened yet."
              : "No event that was loaded so far matches."}
          </Empty>
          {all.length > 0 && <OlderFoot older={older} />}
        </div>
      ) : (
        <Rows rows={rows} onShow={setShown} isLive={!isPaused} older={older} />
      )}
      <EventDialog event={shown} onClose={() => setShown(null)} />
    </Panel>
  );
}

interface RowsProps {
  rows: readonly Activity[];
  onShow(event: Activity): void;
  isLive: boolean;
  older: Older;
}

function Rows({ rows, onShow, isLive, older }: RowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const { zone } = usePreferences();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.pos ?? index,
    overscan: 12,
  });
  const last = virtual.getVirtualItems().at(-1)?.index ?? 0;
  const { load, isIdle } = older;
  /** How many rows there were when more was loaded by itself: it goes on only where that helped. */
  const loadedAt = useRef(0);
  useEffect(() => {
    const isRead = (box.current?.scrollTop ?? 0) > 0;
    if (!isIdle || !isRead || last < rows.length - NEAR_END || loadedAt.current === rows.length)
      return;
    loadedAt.current = rows.length;
    load();
  }, [isIdle, last, load, rows.length]);
  const newest = rows[0]?.pos;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a newer event scrolls up, if it is live
  useEffect(() => {
    if (isLive && box.current && box.current.scrollTop < 3 * ROW_PX) box.current.scrollTop = 0;
  }, [newest, isLive]);
  return (
    <div
      ref={box}
      role="log"
      aria-label="Events of the log, newest first"
      aria-live="off"
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto"
      data-testid="activity-rows"
    >
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const event = rows[item.index];
          if (!event) return null;
          const day = newDay(event.ts, rows[item.index - 1]?.ts, zone);
          return (
            <button
              key={item.key}
              type="button"
              ref={virtual.measureElement}
              data-index={item.index}
              data-testid={`activity-row-${event.pos}`}
              onClick={() => onShow(event)}
              style={{ transform: `translateY(${item.start}px)` }}
              className="absolute top-0 left-0 grid w-full cursor-pointer grid-cols-[4.2rem_minmax(0,1fr)] gap-x-3 border-edge border-t px-1.5 py-1 text-left text-[0.8125rem] hover:bg-raised sm:grid-cols-[4.2rem_10.5rem_minmax(0,1fr)]"
            >
              <time
                dateTime={event.ts}
                title={event.ts}
                className="num text-muted text-xs leading-5"
              >
                {day !== null && <span className="block font-semibold">{day}</span>}
                {clock(event.ts, zone)}
              </time>
              <span className={cn("truncate font-medium", LEVELS[event.level])}>
                {words(event.type)}
              </span>
              <span className="wrap-anywhere max-sm:col-span-2">{event.summary}</span>
            </button>
          );
        })}
      </div>
      <OlderFoot older={older} />
    </div>
  );
}
