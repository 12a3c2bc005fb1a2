import { useEffect, useMemo, useRef, useState } from "react";
import { Skeleton } from "@/components/panel";
import { useDeskState, useFlow, usePrice, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { places } from "@/lib/text";
import type { ChartView } from "./chart-view";
import type { Candle } from "./series";
import { candlesOf, cvdOf, extended, flowAt, levelsOf, marksOf, summaryOf, vwapOf } from "./series";

/** Keeps a chart of the library in step with the desk. */
export default function PriceChart() {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<ChartView | null>(null);
  const state = useDeskState();
  const price = usePrice();
  const flow = useFlow();
  const text = usePriceText();
  const { zone, palette } = usePreferences();
  const open = useRef<Candle | null>(null);
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

  const bars = state?.bars;
  const newest = bars?.at(-1)?.minute;
  const oldest = bars?.[0]?.minute;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the bars change with their ends
  useEffect(() => {
    if (view && bars) view.closed(candlesOf(bars), vwapOf(bars), cvdOf(bars));
  }, [view, newest, oldest, bars?.length]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: closed minutes take the open one away
  useEffect(() => {
    if (!view || !price) return;
    open.current = extended(open.current, price);
    const now = flowAt(flow, open.current.time);
    view.open(open.current, now?.vwap ?? null, now?.cvd ?? null);
  }, [view, price, flow, newest]);

  const levels = useMemo(() => (state ? JSON.stringify(levelsOf(state)) : "[]"), [state]);
  const marks = useMemo(() => (state ? JSON.stringify(marksOf(state.marks)) : "[]"), [state]);
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
        aria-label="Minute candles with VWAP and the setup's levels; below, session CVD"
        aria-describedby="chart-summary"
        className="absolute inset-0"
      />
      <p id="chart-summary" className="sr-only" data-testid="chart-summary">
        {state && summaryOf(state, text)}
      </p>
    </div>
  );
}
