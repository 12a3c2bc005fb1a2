import { useState } from "react";
import { Empty, Loading, Panel } from "@/components/panel";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { useActivity, useDeskState, useIsOffline, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { number, plural, usd, words } from "@/lib/text";
import { clock, zoneName } from "@/lib/time";
import { type Finding, type VerdictRow, verdictsIn } from "./verdicts";

const SHOWN_MAX = 20;

/** Risk's answers, each with every rule; the newest is open. */
export function VerdictPanel() {
  const state = useDeskState();
  const isOffline = useIsOffline();
  const verdicts = verdictsIn(useActivity(), SHOWN_MAX);
  const [chosen, setChosen] = useState<string | null>(null);
  const open = verdicts.some((one) => one.pos === chosen) ? chosen : (verdicts[0]?.pos ?? null);
  return (
    <Panel
      testid="verdict-why"
      title="Verdicts"
      age={verdicts.length > 0 && plural(verdicts.length, "verdict")}
      isStale={state !== null && isOffline}
      className="h-[26rem]"
      bodyClassName="overflow-y-auto"
    >
      {!state ? (
        <Loading lines={8} testid="verdict-loading" />
      ) : verdicts.length === 0 ? (
        <Empty testid="verdict-empty">
          No proposal has been judged yet. Each entry signal gets one verdict, with every rule.
        </Empty>
      ) : (
        <ul>
          {verdicts.map((one) => (
            <Row
              key={one.pos}
              verdict={one}
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
  isOpen: boolean;
  onToggle(): void;
}

function Row({ verdict, isOpen, onToggle }: RowProps) {
  const { zone } = usePreferences();
  const price = usePriceText();
  const why = verdict.isApproved
    ? "All rules passed."
    : `First rule that failed: ${words(verdict.headline)}.`;
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
          <th className="text-left font-normal">rule</th>
          <th className="text-right font-normal">observed</th>
          <th className="pl-3 text-right font-normal">limit</th>
          <th className="pl-2 text-left font-normal">unit</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((one) => (
          <tr key={one.rule} className="border-edge border-t" data-testid={`finding-${one.rule}`}>
            <td className="py-1">
              <span className={cn("mr-2", one.passed ? "text-info" : "text-bad")}>
                {one.passed ? "✓" : "✗"}
              </span>
              <span className="sr-only">{one.passed ? "passed: " : "failed: "}</span>
              {words(one.rule)}
            </td>
            <td className="num py-1 text-right">{number(one.observed)}</td>
            <td className="num py-1 pl-3 text-right">{number(one.limit)}</td>
            <td className="py-1 pl-2 text-muted">{words(one.unit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
