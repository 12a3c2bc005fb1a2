import { expect, test } from "vitest";
import type { Flow, Price } from "@/api/client";
import { isOldAt, newest, readingOf } from "./readings";

const price = (value: string | null | undefined) => value ?? "–";

function gauge(id: string, value: string, details: Record<string, string>) {
  return {
    id,
    isFed: true,
    why: "",
    value,
    unit: "",
    source: "binance-usdm solusdt",
    at: "2026-03-02T14:00:00.000Z",
    heardAt: "2026-03-02T14:00:00.000Z",
    ageMs: 0,
    details: Object.entries(details).map(([name, text]) => ({ name, value: text, unit: "" })),
  };
}

const FUNDING = {
  per_hour: "0.00125",
  per_year: "10.95",
  interval: "8",
  interval_from: "assumed",
  next_funding_at: "2026-03-02T16:00:00.000Z",
};

test("funding says who pays whom, by the hour and by the year", () => {
  const { lead, facts, note } = readingOf(gauge("funding", "0.01", FUNDING), price, "utc");
  expect(lead.replaceAll("\u00a0", " ")).toBe("longs pay shorts 0.0013 %/h (11.0 % a year)");
  expect(facts).toEqual([
    ["per 8 h", "+0.0100 %"],
    ["next", "16:00:00 UTC, in 2 h 0 min"],
  ]);
  expect(note).toContain("assumed");
});

test("a negative rate is paid by shorts, and none by nobody", () => {
  const said = (change: Record<string, string>) =>
    readingOf(gauge("funding", "-0.01", { ...FUNDING, ...change }), price, "utc").lead.replaceAll(
      "\u00a0",
      " ",
    );
  expect(said({ per_hour: "-0.002", per_year: "-17.52" })).toBe(
    "shorts pay longs 0.0020 %/h (17.5 % a year)",
  );
  expect(said({ per_hour: "0", per_year: "0" })).toBe("nobody pays");
});

test("the basis tells its formula", () => {
  const details = { mark: "150.15", index: "150", basis: "0.15" };
  const { lead, facts, note } = readingOf(gauge("basis", "10", details), price, "utc");
  expect(lead).toBe("+10.0 bps");
  expect(facts[2]).toEqual(["mark − index", "+0.15 USD"]);
  expect(note).toBe("(mark − index) / index × 10,000");
});

test("the feed's health counts what is missing, and its lag only where it is live", () => {
  const details = {
    reason: "",
    gaps: "2",
    missing_trades: "7",
    refused_frames: "1",
    refused_ticks: "0",
  };
  const of = (more: Record<string, string>) =>
    new Map(
      readingOf(gauge("feed_health", "flowing", { ...details, ...more }), price, "utc").facts,
    );
  expect(of({}).get("gaps")).toBe("2 (7 trades missing)");
  expect(of({}).get("lag behind the exchange")).toBe("none: not live");
  expect(of({ lag: "1250" }).get("lag behind the exchange")).toBe("1,250 ms");
});

test("price, CVD and VWAP are those of the top of the page, with their age", () => {
  const heard = { at: "2026-03-02T14:00:07.000Z", heardAt: "2026-03-02T14:00:08.000Z" };
  const last = { ...heard, lastUsd: "150.02", tradeId: "1" } as Price;
  const flow = { ...heard, cvdBase: "-3", vwapUsd: "150.01", isLive: true } as Flow;
  for (const [id, value] of [
    ["price", "150.02"],
    ["cvd", "-3"],
    ["vwap", "150.01"],
  ] as const) {
    const told = gauge(id, "1", {});
    expect(newest(told, last, flow)).toEqual({ ...told, value, ...heard });
    expect(newest({ ...told, isFed: false }, last, flow).value).toBe("1");
    expect(newest(told, null, null)).toBe(told);
  }
  const basis = gauge("basis", "2", {});
  expect(newest(basis, last, flow)).toBe(basis);
});

test("a gauge is old by what it is made of", () => {
  const heardAt = "2026-03-02T14:00:00.000Z";
  const isOld = (id: string, seconds: number) =>
    isOldAt({ id, heardAt }, Date.parse(heardAt) + seconds * 1_000);
  expect([isOld("price", 10), isOld("price", 11)]).toEqual([false, true]);
  expect([isOld("liquidations", 30), isOld("liquidations", 31)]).toEqual([false, true]);
  expect(isOldAt({ id: "open_interest", heardAt: null }, 0)).toBe(false);
});
