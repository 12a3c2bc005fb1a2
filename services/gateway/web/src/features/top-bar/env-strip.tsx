import { useEffect } from "react";
import {
  useDeskState,
  useIsOffline,
  useIsPriceOld,
  useIsSignedOut,
  usePrice,
  usePriceText,
} from "@/desk/hooks";
import { cn } from "@/lib/cn";
import { type Environment, environmentOf } from "./environment";

const STRIPES: Record<Environment["tone"], string> = {
  synthetic: "bg-warn text-back",
  tape: "bg-ink text-back",
  paper: "bg-info text-back",
  chain: "bg-lime text-back",
  live: "bg-bad text-back",
};

/** The stripe over everything: which money moves, at whose prices. It also names the tab. */
export function EnvStrip() {
  const state = useDeskState();
  const price = usePrice();
  const isOffline = useIsOffline();
  const isOld = useIsPriceOld();
  const text = usePriceText();
  const environment = environmentOf(state);
  const nothing = useIsSignedOut() ? "signed out" : "connecting";
  const title = environment ? `${environment.money} · ${environment.prices}` : nothing;
  // A tab behind others shows its title alone: a price there is a live one, or none.
  const quote =
    environment && (isOffline || isOld) ? "not live · " : price ? `${text(price.lastUsd)} ` : "";
  useEffect(() => {
    document.title = `${quote}${title} – perp desk`;
  }, [quote, title]);
  useEffect(() => {
    document.documentElement.classList.toggle("real-money", environment?.isRealMoney ?? false);
  }, [environment?.isRealMoney]);

  return (
    <div
      data-testid="environment"
      className={cn(
        "flex min-h-7 flex-wrap items-center gap-x-2 px-4 py-0.5 text-xs",
        environment ? STRIPES[environment.tone] : "bg-raised text-muted",
      )}
    >
      <strong data-testid="env-banner" className="font-bold tracking-widest">
        {environment?.money ?? nothing.toUpperCase()}
      </strong>
      {environment && (
        <>
          <span aria-hidden>·</span>
          <strong data-testid="feed-banner" className="font-bold tracking-widest">
            {environment.prices}
          </strong>
          <span data-testid="env-sentence" className="font-medium max-sm:basis-full">
            {environment.sentence}
          </span>
          {state?.feed && (
            <span data-testid="feed-note" className="ml-auto truncate font-medium max-lg:hidden">
              {state.feed.venue} {state.feed.symbol}: {state.feed.description}
            </span>
          )}
        </>
      )}
    </div>
  );
}
