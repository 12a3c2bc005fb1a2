import type { State } from "@/api/client";
import { useDeskState, useIsOffline, useNow, usePriceText, useServices } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { modeText } from "@/features/account/names";
import { missingServices } from "@/features/services/standing";
import { cn } from "@/lib/cn";
import { number, plural, words } from "@/lib/text";
import { moment } from "@/lib/time";

/** Says what is not as it should be, in sentences. */
export function Warnings() {
  const state = useDeskState();
  const price = usePriceText();
  const services = useServices();
  const isOffline = useIsOffline();
  const now = useNow();
  const { zone } = usePreferences();
  const time = (iso: string | null) => moment(iso ?? "", zone, now);
  const warnings = state ? warningsOf(state, price, time) : [];
  // What is not heard of is not known to be away.
  const missing = services && !isOffline ? missingServices(services.items, now, time) : [];
  return (
    <div role="status" data-testid="warning-banner">
      <Sentences of={missing} tone="border-bad" />
      <Sentences of={warnings} tone="border-warn" />
    </div>
  );
}

function Sentences({ of, tone }: { of: string[]; tone: string }) {
  if (of.length === 0) return null;
  return (
    <p className={cn("wrap-anywhere border-l-4 bg-panel px-4 py-2", tone)}>
      {of.map((one) => `${one[0]?.toUpperCase()}${one.slice(1)}`).join(" ")}
    </p>
  );
}

function warningsOf(
  state: State,
  price: (value: string | null) => string,
  time: (iso: string | null) => string,
): string[] {
  const { feed, engine, adopted } = state;
  const warnings: string[] = [];
  if (feed && feed.status !== "flowing")
    warnings.push(`Feed ${feed.status}${feed.reason ? `: ${feed.reason}` : ""}.`);
  else if (feed?.reason && state.decision?.reason === "session_incomplete")
    warnings.push(
      `No entries before 00:00 UTC, the session's beginning is missing: ${feed.reason}.`,
    );
  if (feed?.gaps)
    warnings.push(
      `${plural(feed.gaps, "gap")} in the feed, ${plural(feed.missingTrades, "trade")} missing; the last at ${time(feed.gapAt)}.`,
    );
  if (engine.mode === "revoked")
    warnings.push(
      `The desk may not sign since ${time(engine.recordedAt)} (${words(engine.reason)}): no entry, no exit. Stops that rest on the venue stay.`,
    );
  // Of a stop the banner above says more.
  else if (engine.mode !== "run" && !(state.isHalted && engine.reason === "killed"))
    warnings.push(
      `Trading: ${modeText(engine.mode)} since ${time(engine.recordedAt)}: ${words(engine.reason)}.`,
    );
  if (adopted)
    warnings.push(
      `A position of ${number(adopted.quantityBase, { signed: true })} that no setup explains was adopted, with a stop at ${price(adopted.stopPriceUsd)}.`,
    );
  if (state.unreadableEvents)
    warnings.push(
      `${plural(state.unreadableEvents, "event")} of the log cannot be read by this build, the last at position ${state.unreadablePos}: what is shown may be incomplete.`,
    );
  if (!state.isCaughtUp) warnings.push("The gateway is still reading the log.");
  return warnings;
}
