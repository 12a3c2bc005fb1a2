import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import { answered, api, type Schemas, sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { keys } from "@/desk/desk";
import { useDeskPart, useNow, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { plural, usd } from "@/lib/text";
import { age, minute, type Zone, zoneName } from "@/lib/time";
import { gridOf, type HeatCell, type Heatmap, type Placed } from "./heat";
import { isOldAt } from "./readings";

const STEP_MS = 600_000;

interface MapProps {
  gauge: Schemas["PanelView"];
}

/** The liquidations of the last hours over price and time, as a map or as a table. */
export const LiquidationMap = memo(function LiquidationMap({ gauge }: MapProps) {
  const [isTable, setTable] = useState(false);
  const { data: map, error } = useLiquidations(gauge);
  const now = useNow();
  const isOld = isOldAt(gauge, now);
  return (
    <section
      data-testid="liq-heatmap"
      data-stale={isOld}
      aria-labelledby="liq-heatmap-title"
      className="mt-3"
    >
      <header className="flex flex-wrap items-center gap-x-3">
        <h3 id="liq-heatmap-title" className="text-muted text-xs">
          Liquidations over price and time, last 4 hours of the market
        </h3>
        {isOld && gauge.heardAt && (
          <span className="text-2xs text-warn">not live, as of {age(gauge.heardAt, now)}</span>
        )}
        <Button
          size="small"
          variant="ghost"
          aria-pressed={isTable}
          data-testid="liq-table-toggle"
          onClick={() => setTable(!isTable)}
          className="ml-auto"
        >
          {isTable ? "Map" : "Table"}
        </Button>
      </header>
      <div className={cn(isOld && "opacity-85 saturate-0")}>
        {!map ? (
          <p className="text-muted text-xs">{error ? sentence(error) : "Asked for."}</p>
        ) : map.cells.length === 0 ? (
          <p data-testid="liq-none" className="text-muted text-xs">
            None was heard in these hours.
          </p>
        ) : isTable ? (
          <HeatTable map={map} />
        ) : (
          <HeatGrid map={map} />
        )}
      </div>
      {map?.isCut && (
        <p className="text-2xs text-warn">There were more than are kept: the oldest are missing.</p>
      )}
    </section>
  );
});

/** Asks anew when a liquidation was heard, and when the market's time goes on by a step. */
function useLiquidations(gauge: Schemas["PanelView"]) {
  const epoch = useDeskPart((state) => state.epoch);
  const of = (name: string) => gauge.details.find((one) => one.name === name)?.value;
  const step = gauge.at ? Math.floor(Date.parse(gauge.at) / STEP_MS) : 0;
  return useQuery({
    queryKey: [...keys.telemetry, "map", epoch, step, of("count"), of("last_at")],
    queryFn: async () => (await answered(api.GET("/api/liquidations"))).data,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 0,
  });
}

function HeatGrid({ map }: { map: Heatmap }) {
  const price = usePriceText();
  const { zone } = usePreferences();
  const grid = gridOf(map);
  const top = Number(grid.topUsd) + Number(map.priceStepUsd);
  return (
    <>
      <div className="mt-1 grid grid-cols-[auto_1fr] gap-x-2">
        <div className="num flex flex-col justify-between text-right text-2xs text-muted">
          <span>{price(String(top))}</span>
          <span>{price(String(grid.bottomUsd))}</span>
        </div>
        <div
          role="img"
          aria-label={`${plural(map.cells.length, "cell")} of liquidations between ${price(String(grid.bottomUsd))} and ${price(String(top))}; the table has each`}
          data-testid="liq-grid"
          className="grid min-w-0 rounded border border-edge"
          style={{
            gridTemplateColumns: `repeat(${grid.columns}, minmax(0, 1fr))`,
            gridTemplateRows: `repeat(${grid.rows}, 0.9rem)`,
          }}
        >
          {grid.cells.map((one) => (
            <HeatSquare key={`${one.cell.at} ${one.cell.priceUsd}`} placed={one} map={map} />
          ))}
        </div>
        <span />
        <div className="num flex justify-between text-2xs text-muted">
          <span>{minute(map.beginsAt ?? "", zone)}</span>
          <span>
            {minute(map.endsAt ?? "", zone)} {zoneName(zone)}
          </span>
        </div>
      </div>
      <p className="text-2xs text-muted">
        <span aria-hidden className="text-warn">
          ▼
        </span>{" "}
        more longs liquidated,{" "}
        <span aria-hidden className="text-info">
          ▲
        </span>{" "}
        more shorts; stronger is more, by powers. One step is 10 minutes and {map.priceStepUsd} USD.{" "}
        {map.source}.
      </p>
    </>
  );
}

function HeatSquare({ placed, map }: { placed: Placed; map: Heatmap }) {
  const price = usePriceText();
  const { zone } = usePreferences();
  const { cell, isLong, level } = placed;
  return (
    <span
      aria-hidden
      data-testid="liq-cell"
      data-level={level}
      title={`${spanOf(cell, map, zone)}, from ${price(cell.priceUsd)}: longs ${usd(cell.longUsd)}, shorts ${usd(cell.shortUsd)}`}
      className={cn(
        "flex items-center justify-center overflow-hidden text-[0.5rem] leading-none",
        isLong ? LONGS[level] : SHORTS[level],
        level > 2 ? "text-back" : "text-ink",
      )}
      style={{ gridColumn: placed.column, gridRow: placed.row }}
    >
      {isLong ? "▼" : "▲"}
    </span>
  );
}

const LONGS = ["", "bg-warn/25", "bg-warn/45", "bg-warn/70", "bg-warn"];
const SHORTS = ["", "bg-info/25", "bg-info/45", "bg-info/70", "bg-info"];

function HeatTable({ map }: { map: Heatmap }) {
  const price = usePriceText();
  const { zone } = usePreferences();
  return (
    <div
      tabIndex={0}
      role="group"
      aria-label="Liquidations"
      data-testid="liq-table"
      className="max-h-64 overflow-auto"
    >
      <table className="w-full border-collapse text-xs">
        <thead className="sticky top-0 bg-panel text-2xs text-muted">
          <tr className="text-right [&>th]:pl-3 [&>th]:font-normal">
            <th scope="col" className="!pl-0 text-left">
              {zoneName(zone)}
            </th>
            <th scope="col">from price</th>
            <th scope="col">longs</th>
            <th scope="col">shorts</th>
            <th scope="col">count</th>
          </tr>
        </thead>
        <tbody className="num">
          {map.cells.toReversed().map((one) => (
            <tr
              key={`${one.at} ${one.priceUsd}`}
              className="border-edge border-t text-right [&>td]:py-0.5 [&>td]:pl-3"
            >
              <th scope="row" className="text-left font-normal">
                {spanOf(one, map, zone)}
              </th>
              <td>{price(one.priceUsd)}</td>
              <td>{usd(one.longUsd)}</td>
              <td>{usd(one.shortUsd)}</td>
              <td>{one.count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function spanOf(cell: HeatCell, map: Heatmap, zone: Zone): string {
  const end = new Date(Date.parse(cell.at) + map.stepMs).toISOString();
  return `${minute(cell.at, zone)}–${minute(end, zone)}`;
}
