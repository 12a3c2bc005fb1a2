import type { State } from "@/api/client";
import { useDeskState, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { modeText } from "@/features/account/names";
import { number, plural, words } from "@/lib/text";
import { clock, type Zone, zoneName } from "@/lib/time";

/** Says what is not as it should be, in sentences. */
export function Warnings() {
  const state = useDeskState();
  const price = usePriceText();
  const { zone } = usePreferences();
  const warnings = state ? warningsOf(state, price, zone) : [];
  return (
    <div role="status" data-testid="warning-banner">
      {warnings.length > 0 && (
        <p className="wrap-anywhere border-warn border-l-4 bg-panel px-4 py-2">
          {warnings.join(" ")}
        </p>
      )}
    </div>
  );
}

export function warningsOf(
  state: State,
  price: (value: string | null) => string,
  zone: Zone,
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
      `${plural(feed.gaps, "gap")} in the feed, ${plural(feed.missingTrades, "trade")} missing; the last at ${clock(feed.gapAt, zone)} ${zoneName(zone)}.`,
    );
  if (engine.mode === "revoked")
    warnings.push(
      `The desk may not sign since ${clock(engine.recordedAt, zone)} ${zoneName(zone)} (${words(engine.reason)}): no entry, no exit. Stops that rest on the venue stay.`,
    );
  // Of a stop the banner above says more.
  else if (engine.mode !== "run" && !(state.isHalted && engine.reason === "killed"))
    warnings.push(
      `Trading: ${modeText(engine.mode)} since ${clock(engine.recordedAt, zone)} ${zoneName(zone)}: ${words(engine.reason)}.`,
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
