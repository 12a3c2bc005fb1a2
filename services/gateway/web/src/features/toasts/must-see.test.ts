import { expect, test } from "vitest";
import type { Activity } from "@/api/client";
import { weightOf } from "./must-see";

const of = (change: Partial<Activity>) => weightOf({ level: "info", ...change } as Activity);

test("every end of a position is told, whoever closed it", () => {
  const types = ["sl_hit", "tp_hit", "closed", "filled"];
  expect(types.map((type) => of({ event: "order_filled", type }))).toEqual([
    "warning",
    "info",
    "warning",
    "info",
  ]);
});

test("who may sign is told where it is bad, and is in the log alone where it is not", () => {
  const event = "delegation_changed";
  expect(of({ event, type: event, level: "bad" })).toBe("critical");
  expect(of({ event, type: event, level: "good" })).toBeNull();
});
