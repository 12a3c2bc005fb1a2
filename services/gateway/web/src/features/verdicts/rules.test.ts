import { expect, test } from "vitest";
import { limitOf, valueText, whyOf } from "./rules";

const finding = (rule: string, observed: string | null, limit: string | null, unit: string) => ({
  rule,
  passed: false,
  observed,
  limit,
  unit,
});

test("each value has its unit", () => {
  expect(valueText("1", "kills")).toBe("1 kill");
  expect(valueText("0", "wrong_pairs")).toBe("0 wrong pairs");
  expect(valueText("0", "switch")).toBe("off");
  expect(valueText("1", "mode")).toBe("degraded");
  expect(valueText("5000", "ms")).toBe("5,000 ms");
  expect(valueText("3.85555194", "x")).toBe("3.8556×");
  expect(valueText("-0.00000868", "pct")).toBe("−0.00000868 %");
  expect(valueText("10000", "microlamports")).toBe("10,000 µlamports per unit");
  expect(valueText(null, "usd")).toBe("not known");
});

test("a limit says how it is meant", () => {
  expect(limitOf(finding("leverage", "6", "5", "x"))).toBe("at most 5×");
  expect(limitOf(finding("daily_loss", "3.1", "3", "pct"))).toBe("below 3 %");
  expect(limitOf(finding("liquidation_distance", "2", "3.2", "usd"))).toBe("at least 3.2 USD");
  expect(limitOf(finding("engine_runs", "1", "0", "mode"))).toBe("run");
});

test("a rule that failed says in one sentence why", () => {
  expect(whyOf(finding("one_position_per_market", "1", "0", "positions"))).toBe(
    "one position per market: 1 position, allowed at most 0 positions",
  );
  expect(whyOf(finding("reconciled", null, "0", "breaks"))).toBe(
    "reconciled: the venue has not shown the account's money yet",
  );
});
