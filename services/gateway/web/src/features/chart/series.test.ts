import { expect, test } from "vitest";
import type { Price, State } from "@/api/client";
import { extended, grouped, lastOf, marksOf, widened, wordsByMinute } from "./series";

type Mark = State["marks"][number];

const mark = (change: Partial<Mark>): Mark => ({
  pos: "7",
  minute: "2026-03-02T09:04:00.000Z",
  kind: "fill",
  side: "long",
  leg: "entry",
  orderId: "a",
  priceUsd: "150.079",
  quantityBase: "3.43",
  vwapUsd: null,
  verdict: "",
  madeUsd: "0",
  ...change,
});
const SIGNAL = mark({
  kind: "signal",
  leg: "",
  orderId: "",
  quantityBase: null,
  vwapUsd: "150.01",
  madeUsd: null,
});

test("each signal and each fill is marked by its kind and side, an order named once", () => {
  const later = { minute: "2026-03-02T09:05:00.000Z" };
  const marks = marksOf([
    SIGNAL,
    mark({}),
    mark(later),
    mark({ ...later, orderId: "b", leg: "tp1", side: "short" }),
    mark({ ...later, orderId: "c", leg: "stop", side: "short" }),
  ]);
  expect(marks.map(({ text, kind, isBuy }) => [text, kind, isBuy])).toEqual([
    ["signal long", "signal", true],
    ["ENTRY", "fill", true],
    ["", "fill", true],
    ["TP1", "target", false],
    ["STOP", "stop", false],
  ]);
  expect(marks[0]?.time).toBe(Date.UTC(2026, 2, 2, 9, 4) / 1000);
});

test("the table says of each mark what it was", () => {
  const said = wordsByMinute(
    [
      { ...SIGNAL, verdict: "one_position_per_market" },
      { ...SIGNAL, verdict: "approved" },
      SIGNAL,
      mark({}),
      mark({ leg: "tp1", side: "short", madeUsd: "12.5" }),
    ],
    (value) => value ?? "–",
  );
  expect(said.get(SIGNAL.minute)).toEqual([
    "signal long at 150.079, VWAP 150.01, denied: one position per market",
    "signal long at 150.079, VWAP 150.01, approved",
    "signal long at 150.079, VWAP 150.01, no verdict yet",
    "ENTRY filled: buy 3.43 at 150.079",
    "TP1 filled: sell 3.43 at 150.079, made +12.50 USD",
  ]);
});

test("levels within one height of the candles are in sight, farther ones do not press them flat", () => {
  const level = (price: number) => ({ name: "SL", price, tone: "bad" as const });
  const range = { minValue: 100, maxValue: 110 };
  expect(widened(range, [level(91), level(119)])).toEqual({ minValue: 91, maxValue: 119 });
  expect(widened(range, [level(89), level(121), level(105)])).toEqual(range);
  expect(widened(range, [])).toEqual(range);
});

test("the open minute is the market's where it is known, else what this page was told of it", () => {
  const price = (at: string, lastUsd: string, bar: Price["bar"] = null) =>
    ({ at, lastUsd, bar, heardAt: at, tradeId: "1" }) as Price;
  const first = extended(null, price("2026-03-02T09:04:10Z", "150"));
  const next = extended(first, price("2026-03-02T09:04:20Z", "149"));
  const time = Date.parse("2026-03-02T09:04:00Z") / 1000;
  expect(next).toEqual({ time, open: 150, high: 150, low: 149, close: 149 });
  const bar = { minute: "2026-03-02T09:04:00Z", openUsd: "151", highUsd: "153", lowUsd: "148" };
  expect(extended(next, price("2026-03-02T09:04:30Z", "152", bar))).toEqual({
    time,
    open: 151,
    high: 153,
    low: 148,
    close: 152,
  });
});

test("longer candles hold the minutes in them, from the full hour on", () => {
  const minute = (at: number, open: number, high: number, low: number, close: number) => ({
    time: at * 60,
    open,
    high,
    low,
    close,
  });
  const minutes = [minute(3, 1, 4, 1, 2), minute(4, 2, 3, 0, 1), minute(5, 1, 2, 1, 2)];
  expect(grouped(minutes, 5)).toEqual([minute(0, 1, 4, 0, 1), minute(5, 1, 2, 1, 2)]);
  expect(grouped(minutes, 1)).toEqual(minutes);
  const points = [3, 4, 5].map((at) => ({ time: at * 60, value: at }));
  expect(lastOf(points, 5)).toEqual([
    { time: 0, value: 4 },
    { time: 300, value: 5 },
  ]);
});

test("a mark stands on the candle that its minute is in", () => {
  const [at] = marksOf([mark({})], 15).map((one) => one.time);
  expect(at).toBe(Date.parse("2026-03-02T09:00:00.000Z") / 1_000);
});
