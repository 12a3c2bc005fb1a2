/** From the liquidations of the API to the cells of a grid. */
import type { Schemas } from "@/api/client";

export type Heatmap = Schemas["HeatmapView"];
export type HeatCell = Schemas["HeatCellView"];

export const LEVELS = 4;

export interface Placed {
  cell: HeatCell;
  column: number;
  row: number;
  /** Whether more longs than shorts were liquidated. */
  isLong: boolean;
  /** 1 to `LEVELS`, by powers between the smallest and the largest. */
  level: number;
}

export interface Grid {
  columns: number;
  rows: number;
  /** Of the highest row, and of the lowest one. */
  topUsd: number;
  bottomUsd: number;
  cells: Placed[];
}

export function gridOf(map: Heatmap): Grid {
  const step = Number(map.priceStepUsd);
  const begins = Date.parse(map.beginsAt ?? "");
  const prices = map.cells.map((one) => Number(one.priceUsd));
  const [top, bottom] = [Math.max(...prices), Math.min(...prices)];
  const sums = map.cells.map(sumOf);
  const [most, least] = [Math.max(...sums), Math.min(...sums)];
  return {
    columns: Math.round((Date.parse(map.endsAt ?? "") - begins) / map.stepMs),
    rows: map.cells.length ? Math.round((top - bottom) / step) + 1 : 0,
    topUsd: top,
    bottomUsd: bottom,
    cells: map.cells.map((cell) => ({
      cell,
      column: Math.round((Date.parse(cell.at) - begins) / map.stepMs) + 1,
      row: Math.round((top - Number(cell.priceUsd)) / step) + 1,
      isLong: Number(cell.longUsd) >= Number(cell.shortUsd),
      level: levelOf(sumOf(cell), least, most),
    })),
  };
}

function sumOf(cell: HeatCell): number {
  return Number(cell.longUsd) + Number(cell.shortUsd);
}

function levelOf(sum: number, least: number, most: number): number {
  if (most <= least) return LEVELS;
  const share = Math.log(sum / least) / Math.log(most / least);
  return 1 + Math.min(LEVELS - 1, Math.floor(share * LEVELS));
}
