import { useMemo } from "react";
import * as z from "zod/mini";
import type { Activity } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import {
  useActivity,
  useDesk,
  useDeskState,
  useIsOffline,
  usePriceText,
  useSilence,
} from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { DASH, number, words } from "@/lib/text";
import { minute, zoneName } from "@/lib/time";
import { REASONS } from "./reasons";

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
    atr_5m_usd: z.nullable(z.string()),
    rsi: z.nullable(z.string()),
  }),
});

/** What the strategy said about each closed minute, and why not when it wanted nothing. */
export function WhyNot() {
  const state = useDeskState();
  const isOffline = useIsOffline();
  const silence = useSilence();
  const { zone } = usePreferences();
  const { activity } = useDesk();
  const events = useActivity();
  const rows = useMemo(() => decisionsIn(events), [events]);
  const verdicts = new Map(state?.marks.map((one) => [one.pos, one.verdict]));
  return (
    <Panel
      testid="why-not"
      title="Strategy by minute"
      age={state && silence}
      isStale={state !== null && (isOffline || silence !== null)}
      isScrolled
    >
      {!state || !activity.isLoaded ? (
        <Loading lines={8} testid="why-not-loading" />
      ) : rows.length === 0 ? (
        <Empty testid="why-not-empty">
          {state.decision === null
            ? "The first minute has not closed yet."
            : "No closed minute among the events that were loaded; the activity has the older ones."}
        </Empty>
      ) : (
        <table className="w-full border-collapse text-xs">
          <thead className="text-2xs text-muted">
            <tr className="text-right [&>th]:pl-2 [&>th]:font-normal">
              <th scope="col" className="!pl-0 text-left">
                {zoneName(zone)}
              </th>
              <th scope="col" className="text-left">
                decision
              </th>
              <th scope="col">close, USD</th>
              <th scope="col">vs VWAP, bps</th>
              <th scope="col">RSI</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one, index) => (
              <DecisionRow
                key={one.pos}
                decision={one}
                verdict={verdicts.get(one.pos)}
                isNews={one.reason !== rows[index - 1]?.reason}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

type Decision = ReturnType<typeof decisionsIn>[number];

interface DecisionRowProps {
  decision: Decision;
  /** Of an entry: what risk said of it. */
  verdict: string | undefined;
  /** Whether the row above says something else, so that the reason is worth its sentence. */
  isNews: boolean;
}

function DecisionRow({ decision, verdict, isNews }: DecisionRowProps) {
  const { zone } = usePreferences();
  const price = usePriceText();
  const { reason } = decision;
  return (
    <tr
      data-testid={`why-not-row-${decision.pos}`}
      className="border-edge border-t align-top [&>td]:py-1 [&>td]:pl-2"
    >
      <th scope="row" className="num py-1 text-left font-normal text-muted" title={decision.minute}>
        {minute(decision.minute, zone)}
      </th>
      <td>
        {reason ? `No entry: ${words(reason)}` : `Entry: ${decision.side}${outcomeOf(verdict)}`}
        {reason && isNews && <span className="block text-2xs">{REASONS[reason]}</span>}
        <span className="block text-2xs text-muted">
          {decision.phases && `${decision.phases}; `}
          {decision.atrUsd === null
            ? "ATR(5m) not warmed up"
            : `ATR(5m) ${price(decision.atrUsd)} USD`}
        </span>
      </td>
      <td className="num text-right">{price(decision.closeUsd)}</td>
      <td className="num text-right">{offOf(decision)}</td>
      <td className="num text-right">{number(decision.rsi, { digits: 1 })}</td>
    </tr>
  );
}

function outcomeOf(verdict: string | undefined): string {
  if (!verdict) return "";
  return verdict === "approved" ? ", approved" : `, denied: ${words(verdict)}`;
}

/** How far the close is from the session VWAP, in basis points. */
function offOf({ closeUsd, vwapUsd }: Decision): string {
  if (vwapUsd === null) return DASH;
  const bps = (Number(closeUsd) / Number(vwapUsd) - 1) * 1e4;
  return number(bps.toFixed(1), { digits: 1, signed: true });
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
        vwapUsd: said.features.session_vwap_usd,
        atrUsd: said.features.atr_5m_usd,
        rsi: said.features.rsi,
      };
    });
}
