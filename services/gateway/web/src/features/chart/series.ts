/** From the desk to what the chart draws: times in whole seconds, numbers only here. */
import type { Activity, Flow, Price, State } from "@/api/client";

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

/** Gives the open minute after a trade: what was heard of it by this page, no more. */
export function extended(open: Candle | null, price: Price): Candle {
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

/** Gives the prices of the open setup: of its live orders, else as planned. */
export function levelsOf(state: State): Level[] {
  const { setup } = state;
  if (!setup || setup.status === "closed") return [];
  const open = state.orders.filter((one) => one.setup === setup.id && one.isOpen);
  const live = new Map(open.map((one) => [one.leg, one.priceUsd]));
  const over = new Set(
    state.orders.filter((one) => one.setup === setup.id && !one.isOpen).map((one) => one.leg),
  );
  const planned: [string, string, string, Level["tone"]][] = [
    ["entry", "ENTRY", setup.entryPriceUsd, "muted"],
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

const FILLS: Record<string, Mark["kind"]> = {
  filled: "fill",
  tp_hit: "target",
  sl_hit: "stop",
  closed: "stop",
};

/** Gives signals and fills since a time, the oldest first; one mark for the parts of one fill. */
export function marksOf(events: readonly Activity[], fromS: number): Mark[] {
  const marks = new Map<string, Mark>();
  for (const event of events) {
    const time = Math.floor(seconds(event.ts) / MINUTE_S) * MINUTE_S;
    const side = String(event.data?.side ?? "");
    const isBuy = side === "long" || side === "buy";
    if (time < fromS) continue;
    if (event.event === "entry_signaled") {
      const at = event.data?.minute;
      const minute = typeof at === "string" ? seconds(at) : time;
      marks.set(event.pos, { time: minute, text: `signal ${side}`, kind: "signal", isBuy });
    } else if (event.event === "order_filled") {
      const leg = String(event.data?.leg ?? "");
      const kind = FILLS[event.type] ?? "fill";
      marks.set(`${time} ${leg}`, { time, text: leg.toUpperCase(), kind, isBuy });
    }
  }
  return [...marks.values()].sort((a, b) => a.time - b.time);
}

/** Says in one sentence what the chart shows. */
export function summaryOf(state: State, price: (value: string) => string): string {
  const [first, last] = [state.bars[0], state.bars.at(-1)];
  if (!first || !last) return "The first minute has not closed yet.";
  const levels = levelsOf(state).map((one) => `${one.name} ${price(String(one.price))}`);
  const setup = levels.length ? ` The setup's levels: ${levels.join(", ")}.` : " No setup is open.";
  return `${state.bars.length} minutes, ${price(first.openUsd)} at first, ${price(last.closeUsd)} at last; VWAP ${last.vwapUsd ? price(last.vwapUsd) : "not known"}.${setup}`;
}
