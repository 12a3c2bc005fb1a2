import { useState } from "react";
import { sentence } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { useIsOffline, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { number, plural, usd, words } from "@/lib/text";
import { clock, newDay, zoneName } from "@/lib/time";
import { limitOf, RULES, valueText, whyOf } from "./rules";
import { useVerdicts } from "./use-verdicts";
import type { Finding, VerdictRow } from "./verdicts";

const NOT_APPLICABLE = "not_applicable";

/** Risk's answers, each with every rule; the newest is open. */
export function VerdictPanel() {
  const { data: verdicts, error } = useVerdicts();
  const isOffline = useIsOffline();
  const { zone } = usePreferences();
  const [chosen, setChosen] = useState<string | null>(null);
  const isChosen = chosen === "" || verdicts?.some((one) => one.pos === chosen);
  const open = isChosen ? chosen : verdicts?.[0]?.pos;
  return (
    <Panel
      testid="verdict-why"
      title="Verdicts"
      age={verdicts && verdicts.length > 1 && `the newest ${verdicts.length}`}
      isStale={verdicts !== undefined && isOffline}
      isScrolled
    >
      {error && !verdicts ? (
        <Empty testid="verdict-error">Not to be had now. {sentence(error)}</Empty>
      ) : !verdicts ? (
        <Loading lines={8} testid="verdict-loading" />
      ) : verdicts.length === 0 ? (
        <Empty testid="verdict-empty">
          No proposal has been judged yet. Each entry signal gets one verdict, with every rule.
        </Empty>
      ) : (
        <ul>
          {verdicts.map((one, index) => (
            <Row
              key={one.pos}
              verdict={one}
              day={newDay(one.at, verdicts[index - 1]?.at, zone)}
              isOpen={one.pos === open}
              onToggle={() => setChosen(one.pos === open ? "" : one.pos)}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface RowProps {
  verdict: VerdictRow;
  /** The day it was given on, where the row above is of another. */
  day: string | null;
  isOpen: boolean;
  onToggle(): void;
}

function Row({ verdict, day, isOpen, onToggle }: RowProps) {
  const { zone } = usePreferences();
  const price = usePriceText();
  const failed = verdict.findings.filter((one) => !one.passed);
  const why = verdict.isApproved
    ? "All rules passed."
    : `${plural(failed.length, "rule")} failed. ${failed.map(whyOf).join("; ")}.`;
  return (
    <li data-testid={`verdict-row-${verdict.pos}`} className="border-edge border-t first:border-0">
      <Button
        variant="ghost"
        size="small"
        aria-expanded={isOpen}
        onClick={onToggle}
        data-testid={`verdict-toggle-${verdict.pos}`}
        className="flex min-h-9 w-full justify-start gap-2 rounded-none px-1 text-ink"
      >
        <span aria-hidden className="w-3 text-muted">
          {isOpen ? "▾" : "▸"}
        </span>
        <span className="num text-muted text-xs" title={verdict.at}>
          {day !== null && <span className="font-semibold">{day} </span>}
          {clock(verdict.at, zone)}
        </span>
        <span>
          {verdict.side} {number(verdict.quantityBase)} at {price(verdict.entryPriceUsd)}
        </span>
        <Badge tone={verdict.isApproved ? "good" : "warning"} className="ml-auto">
          {verdict.isApproved ? "approved" : "denied"}
        </Badge>
      </Button>
      {isOpen && (
        <div className="px-1 pb-3">
          <p className="text-muted text-xs">
            {why} Risk {usd(verdict.riskUsd)} on {usd(verdict.notionalUsd)}; policy {verdict.policy}
            ; position {verdict.pos} of the log, {zoneName(zone)}.
          </p>
          <Findings findings={verdict.findings} />
        </div>
      )}
    </li>
  );
}

/** Every rule with what it saw and what it allows. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  return (
    <table className="mt-2 w-full border-collapse text-xs">
      <thead className="text-2xs text-muted">
        <tr>
          <th scope="col" className="text-left font-normal">
            rule
          </th>
          <th scope="col" className="text-right font-normal">
            observed
          </th>
          <th scope="col" className="pl-3 text-right font-normal">
            allowed
          </th>
        </tr>
      </thead>
      <tbody>
        {findings.map((one) => (
          <tr
            key={one.rule}
            className="border-edge border-t align-top"
            data-testid={`finding-${one.rule}`}
          >
            <th scope="row" className="py-1 text-left font-normal">
              <span className={cn("mr-2", one.passed ? "text-info" : "text-bad")}>
                {one.passed ? "✓" : "✗"}
              </span>
              <span className="sr-only">{one.passed ? "passed: " : "failed: "}</span>
              {words(one.rule)}
              <span className="block pl-5 text-2xs text-muted">{RULES[one.rule]?.says}</span>
            </th>
            {one.unit === NOT_APPLICABLE ? (
              <td colSpan={2} className="py-1 text-right text-muted">
                asks nothing of this proposal
              </td>
            ) : (
              <>
                <td className="num py-1 text-right">{valueText(one.observed, one.unit)}</td>
                <td className="num py-1 pl-3 text-right">{limitOf(one)}</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
