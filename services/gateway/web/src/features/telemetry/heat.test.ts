import { expect, test } from "vitest";
import { gridOf } from "./heat";

const cell = (at: string, priceUsd: string, longUsd: string, shortUsd: string) => ({
  at: `2026-03-02T${at}:00.000Z`,
  priceUsd,
  longUsd,
  shortUsd,
  count: 1,
});

const MAP = {
  isFed: true,
  why: "",
  source: "x",
  beginsAt: "2026-03-02T08:10:00.000Z",
  endsAt: "2026-03-02T12:10:00.000Z",
  stepMs: 600_000,
  priceStepUsd: "0.075",
  isCut: false,
  cells: [
    cell("08:10", "150", "10", "0"),
    cell("12:00", "150.225", "400", "600"),
    cell("12:00", "150.15", "100", "0"),
  ],
};

test("each liquidation has its place in time and price", () => {
  const grid = gridOf(MAP);
  expect([grid.columns, grid.rows, grid.topUsd, grid.bottomUsd]).toEqual([24, 4, 150.225, 150]);
  expect(grid.cells.map((one) => [one.column, one.row])).toEqual([
    [1, 4],
    [24, 1],
    [24, 2],
  ]);
});

test("strength goes by powers, and the larger side names the cell", () => {
  const grid = gridOf(MAP);
  expect(grid.cells.map((one) => one.level)).toEqual([1, 4, 3]);
  expect(grid.cells.map((one) => one.isLong)).toEqual([true, false, true]);
});

test("a map without anything has no rows", () => {
  expect(gridOf({ ...MAP, cells: [] }).rows).toBe(0);
});
