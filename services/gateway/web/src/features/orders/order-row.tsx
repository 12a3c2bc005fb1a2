import type { OrderLife } from "@/api/client";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { bought, number, words } from "@/lib/text";
import { clock, duration } from "@/lib/time";
import { OrderDetails } from "./order-details";
import { bps, filledOf } from "./orders";

const TONES: Record<string, Tone> = {
  filled: "good",
  canceled: "muted",
  rejected: "warning",
};

interface OrderRowProps {
  order: OrderLife;
  /** The day it began on, where the row above is of another. */
  day: string | null;
  isOpen: boolean;
  onToggle(): void;
}

/** One order in a line; its button opens all that happened to it. */
export function OrderRow({ order, day, isOpen, onToggle }: OrderRowProps) {
  const price = usePriceText();
  const { zone } = usePreferences();
  const began = order.stages[0]?.at;
  const details = `order-${order.orderId}-details`;
  return (
    <>
      <tr
        data-testid={`order-row-${order.orderId}`}
        className="border-edge border-t text-right [&>td]:py-1 [&>td]:pl-3"
      >
        <th scope="row" className="py-1 text-left font-normal">
          <Button
            variant="ghost"
            size="small"
            aria-expanded={isOpen}
            aria-controls={details}
            onClick={onToggle}
            data-testid={`order-toggle-${order.orderId}`}
            className="min-h-8 justify-start px-1 text-ink"
          >
            <span aria-hidden className="w-3 text-muted">
              {isOpen ? "▾" : "▸"}
            </span>
            <span className="num">{order.leg.toUpperCase()}</span>
            <span>{bought(order.side)}</span>
            <span className="num hidden text-muted sm:inline" title={began}>
              {day !== null && <span className="font-semibold">{day} </span>}
              {clock(began, zone)}
            </span>
          </Button>
        </th>
        <td className="text-left">
          <Badge tone={TONES[order.status] ?? "plain"}>{words(order.status)}</Badge>
        </td>
        <td className="num">{price(order.filledPriceUsd ?? order.priceUsd)}</td>
        <td className="num hidden sm:table-cell">{filledOf(order)}</td>
        <td className="num hidden lg:table-cell">{bps(order.costToIntendedBps)}</td>
        <td className="num hidden lg:table-cell">{bps(order.costToMidBps)}</td>
        <td className="num hidden lg:table-cell">
          {order.filledPriceUsd ? number(order.feesUsd, { digits: 4 }) : "–"}
        </td>
        <td className="num hidden md:table-cell">{duration(order.verdictToSentMs)}</td>
        <td className="num hidden md:table-cell">{duration(order.sentToLandedMs)}</td>
      </tr>
      <tr id={details} hidden={!isOpen}>
        {isOpen && (
          <td colSpan={9} className="pb-3">
            <OrderDetails order={order} />
          </td>
        )}
      </tr>
    </>
  );
}
