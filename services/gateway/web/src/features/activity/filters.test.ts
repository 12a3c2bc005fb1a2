import { expect, test } from "vitest";
import type { Activity } from "@/api/client";
import { exportAddress } from "./export-links";
import { filterSchema, marketsOf, matches } from "./filters";

const ORDER = "0123456789abcdefghijklmnop";
const SETUP = "0b0e6b4c-0000-5000-8000-000000000001";
const event = (data: Record<string, unknown> | null, id = "x") =>
  ({ id, data, level: "info", type: "filled", event: "order_filled", summary: "" }) as Activity;

test("an event of another market, or of none, is not of this one", () => {
  const events = [event({ market: "sol-perp" }), event({ market: "eth-perp" }), event(null)];
  expect(marketsOf(events)).toEqual(["eth-perp", "sol-perp"]);
  expect(events.map((one) => matches(one, { market: "sol-perp" }))).toEqual([true, false, false]);
});

test("an order is found by its id, its setup, its proposal, or as the event itself", () => {
  for (const name of ["client_order_id", "setup", "proposal"])
    expect(matches(event({ [name]: SETUP }), { order: SETUP })).toBe(true);
  expect(matches(event({}, SETUP), { order: SETUP })).toBe(true);
  expect(matches(event({ fill_id: SETUP }), { order: SETUP })).toBe(false);
});

test("an address that names no market and no order asks for every one", () => {
  const given = { market: "SOL/PERP", order: "12" };
  expect(filterSchema.parse(given)).toEqual({});
  expect(filterSchema.parse({ market: "sol-perp", order: ORDER })).toEqual({
    market: "sol-perp",
    order: ORDER,
  });
});

test("the export asks for what is shown", () => {
  const address = exportAddress({ market: "sol-perp", order: ORDER, severity: "bad" }, "csv");
  const asked = new URLSearchParams(address.split("?")[1]);
  expect(Object.fromEntries(asked)).toEqual({
    format: "csv",
    severity: "bad",
    market: "sol-perp",
    order: ORDER,
  });
});
