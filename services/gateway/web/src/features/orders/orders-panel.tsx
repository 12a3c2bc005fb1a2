import { useState } from "react";
import { type OrderLife, sentence } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { useIsOffline } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { plural } from "@/lib/text";
import { newDay, type Zone, zoneName } from "@/lib/time";
import { OrderRow } from "./order-row";
import { useOrders } from "./use-orders";

const SHOWN = 12;

/** Each order from its intent to its end, also after it is over; the newest first. */
export function OrdersPanel() {
  const { data: orders, error } = useOrders();
  const isOffline = useIsOffline();
  const { zone } = usePreferences();
  const [isAll, setAll] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const shown = isAll ? orders : orders?.slice(0, SHOWN);
  return (
    <Panel
      testid="orders"
      title="Order life"
      age={orders && orders.length > 0 && plural(orders.length, "order")}
      isStale={orders !== undefined && isOffline}
      actions={
        orders &&
        orders.length > SHOWN && (
          <Button
            size="small"
            variant="ghost"
            aria-pressed={isAll}
            data-testid="orders-all"
            onClick={() => setAll(!isAll)}
          >
            {isAll ? "Newest only" : "All"}
          </Button>
        )
      }
    >
      {error && !orders ? (
        <Empty testid="orders-error">Not to be had now. {sentence(error)}</Empty>
      ) : !shown ? (
        <Loading lines={4} testid="orders-loading" />
      ) : shown.length === 0 ? (
        <Empty testid="orders-empty">
          No order was intended yet: an approved signal, or an order by hand, brings the first.
        </Empty>
      ) : (
        <table className="w-full border-collapse text-xs">
          <caption className="pb-2 text-left text-2xs text-muted">
            Costs in basis points of the price, averaged over the fills; a plus costs us, a minus
            earns. Mid and oracle as this desk last saw them before each fill. Verdict → sent by the
            log's clock; sent → landed by the chain's, until the chain was seen to have it.
          </caption>
          <thead className="text-2xs text-muted">
            <tr className="text-right [&>th]:pl-3 [&>th]:font-normal">
              <th scope="col" className="!pl-0 text-left">
                order, {zoneName(zone)}
              </th>
              <th scope="col" className="text-left">
                state
              </th>
              <th scope="col">price</th>
              <th scope="col" className="hidden sm:table-cell">
                filled
              </th>
              <th scope="col" className="hidden lg:table-cell">
                vs intended
              </th>
              <th scope="col" className="hidden lg:table-cell">
                vs mid
              </th>
              <th scope="col" className="hidden lg:table-cell">
                fee, USD
              </th>
              <th scope="col" className="hidden md:table-cell">
                verdict → sent
              </th>
              <th scope="col" className="hidden md:table-cell">
                sent → landed
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one, index) => (
              <OrderRow
                key={one.orderId}
                order={one}
                day={dayOf(one, shown[index - 1], zone)}
                isOpen={one.orderId === open}
                onToggle={() => setOpen(one.orderId === open ? null : one.orderId)}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function dayOf(order: OrderLife, above: OrderLife | undefined, zone: Zone): string | null {
  const began = order.stages[0]?.at;
  return began === undefined ? null : newDay(began, above?.stages[0]?.at, zone);
}
