import { Fragment, memo } from "react";
import type { State } from "@/api/client";
import { Signed } from "@/components/num";
import { usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { number } from "@/lib/text";
import { minute, zoneName } from "@/lib/time";
import { levelsOf, wordsByMinute } from "./series";

const COLUMNS = ["open", "high", "low", "close", "VWAP", "CVD", "trades"];
/** Beside them the minute and what is marked. */
const COLUMNS_ALL = COLUMNS.length + 1;

type Bar = State["bars"][number];

/** The chart as a table, the newest minute first: the levels, the bars, and what is marked there. */
export const BarsTable = memo(function BarsTable({ state }: { state: State }) {
  const price = usePriceText();
  const { bars } = state;
  const marked = wordsByMinute(state.marks, price);
  const levels = levelsOf(state).map((one) => `${one.name} ${price(String(one.price))}`);
  const { zone } = usePreferences();
  const closed = new Set(bars.map((bar) => bar.minute));
  const open = [...marked].filter(([at]) => !closed.has(at));
  return (
    <div
      tabIndex={0}
      role="group"
      aria-label="Minutes"
      className="h-full min-h-72 overflow-auto"
      data-testid="chart-table"
    >
      <p data-testid="chart-levels" className="pb-1 text-muted text-xs">
        {levels.length ? `Levels: ${levels.join(", ")}.` : "No setup is open: no levels."}
      </p>
      <table className="w-full border-collapse text-xs">
        <thead className="sticky top-0 bg-panel text-muted">
          <tr>
            <th scope="col" className="py-1 text-left font-normal">
              {zoneName(zone)}
            </th>
            {COLUMNS.map((name) => (
              <th key={name} scope="col" className="py-1 pl-3 text-right font-normal">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="num">
          {open.map(([at, texts]) => (
            <Marked key={at} texts={texts} name={`${minute(at, zone)}, still open`} />
          ))}
          {bars.toReversed().map((bar) => (
            <Fragment key={bar.minute}>
              <BarRow bar={bar} />
              <Marked texts={marked.get(bar.minute) ?? []} name="" />
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
});

function BarRow({ bar }: { bar: Bar }) {
  const price = usePriceText();
  const { zone } = usePreferences();
  return (
    <tr className="border-edge border-t">
      <th scope="row" className="py-1 text-left font-normal" title={bar.minute}>
        {minute(bar.minute, zone)}
        {!bar.isComplete && <span className="text-warn"> incomplete</span>}
      </th>
      <td className="pl-3 text-right">{price(bar.openUsd)}</td>
      <td className="pl-3 text-right">{price(bar.highUsd)}</td>
      <td className="pl-3 text-right">{price(bar.lowUsd)}</td>
      <td className="pl-3 text-right">{price(bar.closeUsd)}</td>
      <td className="pl-3 text-right">{price(bar.vwapUsd)}</td>
      <td className="pl-3 text-right">
        <Signed of={bar.cvdBase}>{number(bar.cvdBase, { digits: 2, signed: true })}</Signed>
      </td>
      <td className="pl-3 text-right">{number(bar.trades)}</td>
    </tr>
  );
}

/** What is marked at a minute, under its bar. */
function Marked({ texts, name }: { texts: readonly string[]; name: string }) {
  if (texts.length === 0) return null;
  return (
    <tr>
      <td colSpan={COLUMNS_ALL} data-testid="chart-mark" className="pb-1 font-sans text-ink">
        <span className="sticky left-0 block max-w-[19rem] sm:max-w-none">
          {name && `${name}: `}
          {texts.join("; ")}
        </span>
      </td>
    </tr>
  );
}
