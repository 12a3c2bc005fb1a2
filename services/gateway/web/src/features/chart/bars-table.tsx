import type { State } from "@/api/client";
import { Signed } from "@/components/num";
import { usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { number } from "@/lib/text";
import { minute, zoneName } from "@/lib/time";

const COLUMNS = ["open", "high", "low", "close", "VWAP", "CVD", "trades"];

/** The chart as a table, the newest minute first. */
export function BarsTable({ bars }: { bars: State["bars"] }) {
  const price = usePriceText();
  const { zone } = usePreferences();
  return (
    <div
      tabIndex={0}
      role="group"
      aria-label="Minutes"
      className="h-full min-h-72 overflow-auto"
      data-testid="chart-table"
    >
      <table className="w-full border-collapse text-xs">
        <thead className="sticky top-0 bg-panel text-muted">
          <tr>
            <th className="py-1 text-left font-normal">{zoneName(zone)}</th>
            {COLUMNS.map((name) => (
              <th key={name} className="py-1 pl-3 text-right font-normal">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="num">
          {bars.toReversed().map((bar) => (
            <tr key={bar.minute} className="border-edge border-t">
              <td className="py-1" title={bar.minute}>
                {minute(bar.minute, zone)}
                {!bar.isComplete && <span className="text-warn"> incomplete</span>}
              </td>
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
          ))}
        </tbody>
      </table>
    </div>
  );
}
