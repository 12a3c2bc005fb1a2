import type { Order, Setup, State } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { Badge } from "@/components/ui/badge";
import {
  useDesk,
  useDeskState,
  useIsOffline,
  usePrice,
  usePriceText,
  useSilence,
} from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { feesOf, fundingOf } from "@/features/account/names";
import { filledOf } from "@/features/orders/orders";
import { cn } from "@/lib/cn";
import { usd, words } from "@/lib/text";
import { moment } from "@/lib/time";
import { Transactions } from "./transactions";

/** The newest setup as a ladder of its prices, each with its order and how far it came. */
export function SetupCard() {
  const desk = useDesk();
  const state = useDeskState();
  const { zone } = usePreferences();
  const isOffline = useIsOffline();
  const setup = state?.setup;
  // What is closed does not move with the price any more.
  const told = useSilence();
  const silence = setup && setup.status !== "closed" ? told : null;
  const approved = setup && `approved ${moment(setup.approvedAt, zone, desk.now())}`;
  return (
    <Panel
      testid="setup-card"
      title="Setup and orders"
      age={silence ? `${approved}, ${silence}` : approved}
      isStale={state !== null && (isOffline || silence !== null)}
      actions={
        setup && (
          <Badge tone={setup.side === "long" ? "up" : "down"} data-testid="setup-state">
            {setup.side} {setup.status}
          </Badge>
        )
      }
    >
      {!state ? (
        <Loading lines={6} testid="setup-loading" />
      ) : setup ? (
        <Ladder state={state} setup={setup} />
      ) : (
        <Empty testid="setup-empty">No setup yet: risk has approved none.</Empty>
      )}
    </Panel>
  );
}

function Ladder({ state, setup }: { state: State; setup: Setup }) {
  const desk = useDesk();
  const price = usePriceText();
  const last = usePrice() ?? state.price;
  const { zone } = usePreferences();
  const rungs = rungsOf(
    setup,
    state.orders,
    setup.status === "closed" ? null : (last?.lastUsd ?? null),
  );
  return (
    <>
      <table className="w-full border-collapse text-[0.8125rem]">
        <thead className="text-2xs text-muted">
          <tr>
            <th className="py-1 text-left font-normal">leg</th>
            <th className="py-1 pr-3 text-right font-normal">price</th>
            <th className="py-1 pr-3 text-right font-normal">filled</th>
            <th className="py-1 text-left font-normal">state</th>
          </tr>
        </thead>
        <tbody>
          {rungs.map((rung) => (
            <tr
              key={rung.name}
              data-testid={`rung-${rung.name.toLowerCase()}`}
              title={
                rung.order
                  ? `order ${rung.order.orderId}, venue order ${rung.order.venueOrderId ?? "–"}`
                  : undefined
              }
              className={cn(
                "border-edge border-t",
                rung.isNow && "bg-raised font-semibold",
                rung.isOver && "text-muted",
              )}
            >
              <td
                className={cn(
                  "num py-1 pr-3",
                  rung.isHit && (rung.name === "STOP" ? "text-bad" : "text-info"),
                )}
              >
                {rung.name}
              </td>
              <td className="num py-1 pr-3 text-right">{price(rung.priceUsd)}</td>
              <td className="num py-1 pr-3 text-right whitespace-nowrap">{rung.filled}</td>
              <td className="py-1">{rung.state}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p data-testid="setup-note" className="mt-2 text-muted">
        {noteOf(setup, (iso) => moment(iso, zone, desk.now()))}
      </p>
      <Transactions state={state} />
    </>
  );
}

interface Rung {
  name: string;
  priceUsd: string;
  filled: string;
  state: string;
  order: Order | null;
  isNow: boolean;
  isHit: boolean;
  isOver: boolean;
}

/** Gives the ladder from the highest price down, with the last price between its rungs. */
export function rungsOf(setup: Setup, orders: readonly Order[], lastUsd: string | null): Rung[] {
  const own = new Map(orders.filter((one) => one.setup === setup.id).map((one) => [one.leg, one]));
  const [tp1, tp2, tp3] = setup.tpPricesUsd;
  const planned = [
    ["entry", setup.entryPriceUsd],
    ["stop", setup.stopPriceUsd],
    ["tp1", tp1],
    ["tp2", tp2],
    ["tp3", tp3],
  ] as const;
  const rungs = planned.flatMap(([leg, plan]) =>
    plan === undefined ? [] : [rungOf(leg, plan, own.get(leg) ?? null)],
  );
  if (lastUsd !== null)
    rungs.push({
      ...rungOf("last", lastUsd, null),
      name: "last",
      state: "",
      isNow: true,
    });
  return rungs.sort((a, b) => Number(b.priceUsd) - Number(a.priceUsd));
}

function rungOf(leg: string, plan: string, order: Order | null): Rung {
  const isHit = order?.status === "filled";
  return {
    name: leg.toUpperCase(),
    priceUsd: order?.priceUsd ?? plan,
    filled: order ? filledOf(order) : "",
    state: order
      ? words(order.status) + (order.reason ? `: ${words(order.reason)}` : "")
      : "planned",
    order,
    isNow: false,
    isHit,
    isOver: order !== null && !order.isOpen && !isHit,
  };
}

function noteOf(setup: Setup, time: (iso: string) => string): string {
  const fees = feesOf(setup.feesUsd);
  const funding = fundingOf(setup.fundingUsd);
  if (setup.status === "closed")
    return `Closed, ${words(setup.outcome)}: made ${usd(setup.realizedPnlUsd, true)}, ${fees.name.toLowerCase()} ${fees.sum}, ${funding.name.toLowerCase()} ${funding.sum}.`;
  const approved = `As approved: risk ${usd(setup.riskUsd)} on ${usd(setup.notionalUsd)}`;
  return setup.status === "open"
    ? `${approved}.`
    : `${approved}; the entry stands until ${time(setup.expiresAt)}. A price that leaves it behind is followed, for entries by hand too: at most 0.3 R toward the targets (R: entry to stop). Risk has sized for that.`;
}
