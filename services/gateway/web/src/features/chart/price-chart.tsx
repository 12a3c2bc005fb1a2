import { useEffect, useMemo, useRef, useState } from "react";
import { Skeleton } from "@/components/panel";
import { useDeskState, useFlow, usePrice, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { places, plural } from "@/lib/text";
import type { ChartView } from "./chart-view";
import {
  beginOf,
  type Candle,
  candlesOf,
  cvdOf,
  extended,
  flowAt,
  grouped,
  type Interval,
  joined,
  lastOf,
  levelsOf,
  marksOf,
  type Point,
  summaryOf,
  vwapOf,
} from "./series";
import { useBars } from "./use-bars";

interface PriceChartProps {
  /** Minutes of a candle. */
  interval: Interval;
}

/** Keeps a chart of the library in step with the desk. */
export default function PriceChart({ interval }: PriceChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<ChartView | null>(null);
  const state = useDeskState();
  const price = usePrice();
  const flow = useFlow();
  const text = usePriceText();
  const { zone, palette } = usePreferences();
  const open = useRef<Candle | null>(null);
  /** What is closed, as it is drawn. */
  const last = useRef<Candle[]>([]);
  const tick = state?.market?.tickUsd;

  useEffect(() => {
    if (!box.current || tick === undefined) return;
    const element = box.current;
    let made: ChartView | null = null;
    let isGone = false;
    // Labels that are measured before their font is there are cut off.
    const font = document.fonts.load('11px "IBM Plex Mono"');
    void Promise.all([import("./chart-view"), font]).then(([{ ChartView }]) => {
      if (isGone) return;
      made = new ChartView(element, places(tick));
      setView(made);
    });
    return () => {
      isGone = true;
      made?.remove();
      setView(null);
    };
  }, [tick]);

  const bars = useBars(interval);
  const newest = bars?.at(-1)?.minute;
  const oldest = bars?.[0]?.minute;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the bars change with their ends
  useEffect(() => {
    if (!view || !bars) return;
    const candles = candlesOf(bars);
    const of = (points: Point[]) => lastOf(points, interval);
    last.current = grouped(candles, interval);
    view.closed(last.current, of(vwapOf(bars)), of(cvdOf(bars)), candles.at(-1)?.time ?? 0);
  }, [view, newest, oldest, bars?.length, interval]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: closed minutes take the open one away
  useEffect(() => {
    if (!view || !price) return;
    const minute = extended(open.current, price);
    open.current = minute;
    const time = beginOf(minute.time, interval);
    const begun = last.current.at(-1);
    const candle = begun?.time === time ? joined(begun, minute) : { ...minute, time };
    const now = flowAt(flow, time);
    view.open(minute.time, candle, now?.vwap ?? null, now?.cvd ?? null);
  }, [view, price, flow, newest, interval]);

  const levels = useMemo(() => (state ? JSON.stringify(levelsOf(state)) : "[]"), [state]);
  const marks = useMemo(
    () => (state ? JSON.stringify(marksOf(state.marks, interval)) : "[]"),
    [state, interval],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette colors the lines anew
  useEffect(() => view?.levels(JSON.parse(levels)), [view, levels, palette]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette colors the marks anew
  useEffect(() => view?.marks(JSON.parse(marks)), [view, marks, palette]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette colors the candles anew
  useEffect(() => view?.restyle(zone), [view, zone, palette]);

  return (
    <div className="relative h-full min-h-72">
      {!view && <Skeleton className="absolute inset-0" />}
      <div
        ref={box}
        data-testid="chart-canvas"
        role="group"
        aria-label={`Candles of ${plural(interval, "minute")} with VWAP and the setup's levels; below, session CVD`}
        aria-describedby="chart-summary"
        // The lines between its panes would else lie over the bar at the top, and over the stop.
        className="absolute inset-0 isolate"
      />
      <p id="chart-summary" className="sr-only" data-testid="chart-summary">
        {state && summaryOf(state, text)}
      </p>
    </div>
  );
}
