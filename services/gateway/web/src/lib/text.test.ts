import { expect, it } from "vitest";
import { minus, number, places, sol, usd, words } from "./text";

it("formats a decimal to its last digit, with a real minus", () => {
  expect(number("12345678901234567.12345678")).toBe("12,345,678,901,234,567.12345678");
  expect(number("-0.4", { digits: 2, signed: true })).toBe("−0.40");
  expect(number("0", { digits: 2, signed: true })).toBe("0.00");
  expect(number(null)).toBe("–");
  expect(usd("5", true)).toBe("+5.00 USD");
});

it("subtracts decimals exactly", () => {
  expect(minus("10053.95", "10000")).toBe("53.95");
  expect(minus("0.1", "0.3")).toBe("-0.2");
  expect(minus("-1.005", "-1")).toBe("-0.005");
  expect(minus("9007199254740993.1", "0.1")).toBe("9007199254740993.0");
});

it("writes lamports in SOL, exactly", () => {
  expect(["9200", "1000000000", "12500000000"].map(sol)).toEqual([
    "0.0000092 SOL",
    "1 SOL",
    "12.5 SOL",
  ]);
});

it("counts the decimals of a tick", () => {
  expect([places("0.001"), places("1"), places("0.50")]).toEqual([3, 0, 2]);
});

it("writes a token as words, with its abbreviations in capitals", () => {
  expect(words("cvd_against")).toBe("CVD against");
  expect(words("vwap_not_lost")).toBe("VWAP not lost");
  expect(words("tp_hit")).toBe("TP hit");
  expect(words("oracle-stale")).toBe("oracle stale");
  expect(words(null)).toBe("");
});
