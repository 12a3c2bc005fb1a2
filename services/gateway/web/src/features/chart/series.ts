/** From the desk to what the chart draws: times in whole seconds, numbers only here. */
import type { Flow, Price, State } from "@/api/client";
import { bought, number, usd, words } from "@/lib/text";

export interface Candle {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
}

export interface Point {
  time: number;
  value: number;
}

export interface Level {
  name: string;
  price: number;
  tone: "muted" | "bad" | "up";
}

export interface Mark {
  time: number;
  text: string;
  kind: "signal" | "fill" | "stop" | "target";
  isBuy: boolean;
}

const MINUTE_S = 60;

/** Minutes that a candle may stand for. */
export const INTERVALS = [1, 5, 15] as const;
export type Interval = (typeof INTERVALS)[number];

/** Gives where the candle begins that a time falls into. */
export function beginOf(time: number, interval: Interval): number {
  const length = interval * MINUTE_S;
  return Math.floor(time / length) * length;
}

/** Puts candles together into longer ones; both come oldest first. */
export function grouped(candles: readonly Candle[], interval: Interval): Candle[] {
  const found: Candle[] = [];
  for (const one of candles) {
    const time = beginOf(one.time, interval);
    const last = found.at(-1);
    if (last?.time === time) found[found.length - 1] = joined(last, one);
    else found.push({ ...one, time });
  }
  return found;
}

/** Gives a candle with a later one in it. */
export function joined(first: Candle, later: Candle): Candle {
  return {
    time: first.time,
    open: first.open,
    high: Math.max(first.high, later.high),
    low: Math.min(first.low, later.low),
    close: later.close,
  };
}

/** Gives of each longer candle the last point: sums of a session are read at its close. */
export function lastOf(points: readonly Point[], interval: Interval): Point[] {
  const found = new Map<number, Point>();
  for (const { time, value } of points) {
    const begin = beginOf(time, interval);
    found.set(begin, { time: begin, value });
  }
  return [...found.values()];
}

export function seconds(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

export function candlesOf(bars: State["bars"]): Candle[] {
  return bars.map((bar) => ({
    time: seconds(bar.minute),
    open: Number(bar.openUsd),
    high: Number(bar.highUsd),
    low: Number(bar.lowUsd),
    close: Number(bar.closeUsd),
  }));
}

export function vwapOf(bars: State["bars"]): Point[] {
  return bars.flatMap((bar) =>
    bar.vwapUsd === null ? [] : { time: seconds(bar.minute), value: Number(bar.vwapUsd) },
  );
}

export function cvdOf(bars: State["bars"]): Point[] {
  return bars.map((bar) => ({ time: seconds(bar.minute), value: Number(bar.cvdBase) }));
}

/**
 * Gives the open minute after a trade. The gateway hears each; where it has not heard the minute
 * from its beginning on, it is what this page was told of it, no more.
 */
export function extended(open: Candle | null, price: Price): Candle {
  const { bar } = price;
  if (bar)
    return {
      time: seconds(bar.minute),
      open: Number(bar.openUsd),
      high: Number(bar.highUsd),
      low: Number(bar.lowUsd),
      close: Number(price.lastUsd),
    };
  const time = Math.floor(seconds(price.at) / MINUTE_S) * MINUTE_S;
  const last = Number(price.lastUsd);
  if (open?.time !== time) return { time, open: last, high: last, low: last, close: last };
  return { ...open, high: Math.max(open.high, last), low: Math.min(open.low, last), close: last };
}

export function flowAt(flow: Flow | null, time: number): { cvd: Point; vwap: Point | null } | null {
  if (!flow) return null;
  const vwap = flow.vwapUsd === null ? null : { time, value: Number(flow.vwapUsd) };
  return { cvd: { time, value: Number(flow.cvdBase) }, vwap };
}

/** Gives the prices of the open setup: of its live orders, of what was paid, else as planned. */
export function levelsOf(state: State): Level[] {
  const { setup } = state;
  if (!setup || setup.status === "closed") return [];
  const open = state.orders.filter((one) => one.setup === setup.id && one.isOpen);
  const live = new Map(open.map((one) => [one.leg, one.priceUsd]));
  const over = new Set(
    state.orders.filter((one) => one.setup === setup.id && !one.isOpen).map((one) => one.leg),
  );
  const planned: [string, string, string, Level["tone"]][] = [
    ["entry", "ENTRY", state.position.entryPriceUsd ?? setup.entryPriceUsd, "muted"],
    ["stop", "SL", setup.stopPriceUsd, "bad"],
    ...setup.tpPricesUsd.map((price, index): [string, string, string, Level["tone"]] => [
      `tp${index + 1}`,
      `TP${index + 1}`,
      price,
      "up",
    ]),
  ];
  return planned
    .filter(([leg]) => leg === "entry" || live.has(leg) || !over.has(leg))
    .map(([leg, name, price, tone]) => ({ name, price: Number(live.get(leg) ?? price), tone }));
}

const FILLS: Record<string, Mark["kind"]> = { entry: "fill", stop: "stop", close: "stop" };

/** Gives signals and fills, the oldest first; of an order only the first mark has a text. */
export function marksOf(marks: State["marks"], interval: Interval = 1): Mark[] {
  const named = new Set<string>();
  return marks
    .map((one): Mark => {
      const isNew = !named.has(one.orderId);
      if (one.orderId) named.add(one.orderId);
      const isSignal = one.kind === "signal";
      return {
        time: beginOf(seconds(one.minute), interval),
        text: isSignal ? `signal ${one.side}` : isNew ? one.leg.toUpperCase() : "",
        kind: isSignal ? "signal" : (FILLS[one.leg] ?? "target"),
        isBuy: one.side === "long",
      };
    })
    .sort((a, b) => a.time - b.time);
}

/** Gives by minute what is marked there, in words. */
export function wordsByMinute(
  marks: State["marks"],
  price: (value: string | null) => string,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const one of marks)
    found.set(one.minute, [...(found.get(one.minute) ?? []), said(one, price)]);
  return found;
}

function said(one: State["marks"][number], price: (value: string | null) => string): string {
  if (one.kind === "signal") {
    const verdict =
      one.verdict === ""
        ? "no verdict yet"
        : one.verdict === "approved"
          ? "approved"
          : `denied: ${words(one.verdict)}`;
    return `signal ${one.side} at ${price(one.priceUsd)}, VWAP ${price(one.vwapUsd)}, ${verdict}`;
  }
  const made = Number(one.madeUsd) === 0 ? "" : `, made ${usd(one.madeUsd, true)}`;
  return `${one.leg.toUpperCase()} filled: ${bought(one.side)} ${number(one.quantityBase)} at ${price(one.priceUsd)}${made}`;
}

/**
 * Widens the range of the candles so that levels near it are in sight; a level that is farther away
 * than the range is high would press the candles flat, and stays out of it.
 */
export function widened(
  range: { minValue: number; maxValue: number },
  levels: readonly Level[],
): { minValue: number; maxValue: number } {
  const reach = range.maxValue - range.minValue;
  const near = levels
    .map((one) => one.price)
    .filter((one) => one >= range.minValue - reach && one <= range.maxValue + reach);
  return {
    minValue: Math.min(range.minValue, ...near),
    maxValue: Math.max(range.maxValue, ...near),
  };
}

/** Says in one sentence what the chart shows. */
export function summaryOf(state: State, price: (value: string) => string): string {
  const [first, last] = [state.bars[0], state.bars.at(-1)];
  if (!first || !last) return "The first minute has not closed yet.";
  const levels = levelsOf(state).map((one) => `${one.name} ${price(String(one.price))}`);
  const setup = levels.length ? ` The setup's levels: ${levels.join(", ")}.` : " No setup is open.";
  return `${state.bars.length} minutes, ${price(first.openUsd)} at first, ${price(last.closeUsd)} at last; VWAP ${last.vwapUsd ? price(last.vwapUsd) : "not known"}.${setup}`;
}
