import type { State } from "@/api/client";
import { cn } from "@/lib/cn";
import { number, shortened, sol } from "@/lib/text";

const SHOWN_MAX = 6;
const TONES: Record<string, string> = {
  landed: "text-info",
  failed: "text-warn",
  dead: "text-warn",
};

/** The transactions of orders that are not over, the newest first. */
export function Transactions({ state }: { state: State }) {
  const legs = new Map(state.orders.map((one) => [one.orderId, one.leg.toUpperCase()]));
  const newest = state.transactions.toReversed().slice(0, SHOWN_MAX);
  return (
    <div data-testid="transactions" className="mt-3">
      {newest.length > 0 && <h3 className="mb-1 text-2xs text-muted">Transactions</h3>}
      <ul className="flex flex-col gap-1 text-xs">
        {newest.map((one) => {
          const of = one.orderIds.map((id) => legs.get(id)).join(", ") || "whole side";
          return (
            <li key={`${one.id}-${one.attempt}`} className="flex flex-wrap gap-x-3">
              <span className="num">{of}</span>
              <span className="text-muted">
                {one.retryClass}, attempt {one.attempt}
              </span>
              <span className={cn(TONES[one.fate])}>
                {one.fate}
                {one.why && `: ${one.why}`}
                {one.code !== null && (
                  <span className="num text-2xs text-muted"> code {one.code}</span>
                )}
              </span>
              <span className="num text-muted">
                {one.signature && shortened(one.signature, 6)}
                {one.slot && ` slot ${number(one.slot)}`}
                {one.feeLamports &&
                  `, ${number(one.feeLamports)} lamports (${sol(one.feeLamports)})`}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
