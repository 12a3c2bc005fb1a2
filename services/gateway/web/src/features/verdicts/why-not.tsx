import * as z from "zod/mini";
import type { Activity } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { useActivity, useDeskState, useIsOffline, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { number, words } from "@/lib/text";
import { minute, zoneName } from "@/lib/time";

const SHOWN_MAX = 60;
const body = z.object({
  minute: z.string(),
  reason: z.optional(z.string()),
  side: z.optional(z.string()),
  long_phase: z.optional(z.string()),
  short_phase: z.optional(z.string()),
  features: z.object({
    close_usd: z.string(),
    session_vwap_usd: z.nullable(z.string()),
    rsi: z.nullable(z.string()),
  }),
});

/** What the strategy said about each closed minute, and why not when it wanted nothing. */
export function WhyNot() {
  const state = useDeskState();
  const isOffline = useIsOffline();
  const { zone } = usePreferences();
  const price = usePriceText();
  const rows = decisionsIn(useActivity());
  return (
    <Panel
      testid="why-not"
      title="Strategy, minute by minute"
      isStale={state !== null && isOffline}
      className="h-[26rem]"
      bodyClassName="overflow-y-auto"
    >
      {!state ? (
        <Loading lines={8} testid="why-not-loading" />
      ) : rows.length === 0 ? (
        <Empty testid="why-not-empty">The first minute has not closed yet.</Empty>
      ) : (
        <table className="w-full border-collapse text-xs">
          <thead className="text-2xs text-muted">
            <tr>
              <th className="text-left font-normal">{zoneName(zone)}</th>
              <th className="text-left font-normal">decision</th>
              <th className="text-right font-normal">close</th>
              <th className="pl-2 text-right font-normal">RSI</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <tr
                key={one.pos}
                data-testid={`why-not-row-${one.pos}`}
                className="border-edge border-t align-top"
              >
                <td className="num py-1 pr-2 text-muted" title={one.minute}>
                  {minute(one.minute, zone)}
                </td>
                <td className="py-1 pr-2">
                  {one.reason ? `No entry: ${words(one.reason)}` : `Entry: ${one.side}`}
                  {one.phases && <span className="block text-2xs text-muted">{one.phases}</span>}
                </td>
                <td className="num py-1 text-right">{price(one.closeUsd)}</td>
                <td className="num py-1 pl-2 text-right">{number(one.rsi, { digits: 1 })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

export function decisionsIn(events: readonly Activity[]) {
  return events
    .filter((one) => one.event === "entry_withheld" || one.event === "entry_signaled")
    .slice(0, SHOWN_MAX)
    .flatMap((event) => {
      const { data: said } = body.safeParse(event.data);
      if (!said) return [];
      return {
        pos: event.pos,
        minute: said.minute,
        reason: said.reason ?? null,
        side: said.side ?? "",
        phases:
          said.long_phase === undefined
            ? ""
            : `long ${words(said.long_phase)}, short ${words(said.short_phase)}`,
        closeUsd: said.features.close_usd,
        rsi: said.features.rsi,
      };
    });
}
