import { Link } from "@tanstack/react-router";
import type { OrderLife } from "@/api/client";
import { Address } from "@/components/address";
import { Fact } from "@/components/num";
import { useDeskPart, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { number, words } from "@/lib/text";
import { duration, precise, zoneName } from "@/lib/time";
import { explorerUrl } from "./explorer";
import { bps, filledOf } from "./orders";

/** Everything about one order: what it cost, how long things took, and each stage. */
export function OrderDetails({ order }: { order: OrderLife }) {
  return (
    <div
      data-testid="order-details"
      className="grid gap-4 rounded-lg bg-back/50 p-3 lg:grid-cols-[minmax(16rem,1fr)_2fr]"
    >
      <Costs order={order} />
      <Stages order={order} />
    </div>
  );
}

function Costs({ order }: { order: OrderLife }) {
  const price = usePriceText();
  const isFilled = order.filledPriceUsd !== null;
  const seen =
    order.seenAgeMs === null ? "not seen before" : `seen ${duration(order.seenAgeMs)} before`;
  return (
    <dl>
      <Fact name="Kind" testid="order-kind">
        {words(order.type)}
      </Fact>
      <Fact
        name={order.leg === "stop" ? "Trigger, as intended" : "Intended price"}
        testid="order-intended"
      >
        {price(order.intendedPriceUsd)}
      </Fact>
      <Fact name="Filled" testid="order-filled">
        {filledOf(order)}
        {isFilled && ` at ${price(order.filledPriceUsd)}`}
      </Fact>
      <Fact name="Slippage to the intended price" testid="order-cost-intended">
        {bps(order.costToIntendedBps)}
      </Fact>
      <Fact
        name={isFilled ? `Slippage to the mid, ${seen}` : "Slippage to the mid"}
        testid="order-cost-mid"
      >
        {bps(order.costToMidBps)}
      </Fact>
      <Fact name="Slippage to the oracle" testid="order-cost-oracle">
        {bps(order.costToOracleBps)}
      </Fact>
      <Fact
        name={Number(order.feesUsd) < 0 ? "Rebate of the fills" : "Fee of the fills"}
        testid="order-fee"
      >
        {isFilled ? `${number(order.feesUsd, { digits: 4 })} USD, ${bps(order.feesBps)}` : "–"}
      </Fact>
      {Number(order.venueFeesUsd) > 0 && (
        <Fact name="Flat fees of the venue" testid="order-venue-fee">
          {number(order.venueFeesUsd, { digits: 4 })} USD
        </Fact>
      )}
      <Fact name="Verdict → sent" testid="order-verdict-to-sent">
        {duration(order.verdictToSentMs)}
      </Fact>
      <Fact name="Sent → landed" testid="order-sent-to-landed">
        {duration(order.sentToLandedMs)}
        {order.sentToLandedSlots !== null && ` (${order.sentToLandedSlots} slots)`}
      </Fact>
      <Fact name="Order" testid="order-id">
        <Address of={order.orderId} testid="order-id-copy" />{" "}
        <Link
          to="/"
          search={{ q: order.orderId, noise: true }}
          data-testid="order-in-log"
          className="inline-flex min-h-6 items-center underline underline-offset-4 hover:text-ink"
        >
          in the log
        </Link>
      </Fact>
      <Fact name="Order of the venue" testid="order-venue-id">
        {order.venueOrderId ?? "–"}
      </Fact>
    </dl>
  );
}

type Stage = OrderLife["stages"][number];

function Stages({ order }: { order: OrderLife }) {
  const { zone } = usePreferences();
  const first = order.stages[0];
  return (
    <table className="w-full border-collapse">
      <thead className="text-2xs text-muted">
        <tr className="text-left [&>th]:pr-3 [&>th]:font-normal">
          <th scope="col">stage</th>
          <th scope="col">market time, {zoneName(zone)}</th>
          <th scope="col" className="hidden sm:table-cell">
            since intent, log's clock
          </th>
          <th scope="col">what</th>
        </tr>
      </thead>
      <tbody>
        {order.stages.map((one) => (
          <tr
            key={one.pos}
            data-testid={`order-stage-${one.stage}`}
            className="border-edge border-t align-top [&>td]:py-1 [&>td]:pr-3"
          >
            <td>{LABELS[one.stage] ?? words(one.stage)}</td>
            <td className="num" title={`${one.at}, position ${one.pos}`}>
              {precise(one.at, zone)}
            </td>
            <td className="num hidden sm:table-cell" title={one.recordedAt}>
              {first
                ? `+${duration(Date.parse(one.recordedAt) - Date.parse(first.recordedAt))}`
                : "–"}
            </td>
            <td>
              <What stage={one} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const LABELS: Record<string, string> = {
  signed: "signed, sent",
  failed: "landed, failed",
  dead: "dead: no block took it",
};

function What({ stage }: { stage: Stage }) {
  const price = usePriceText();
  const mode = useDeskPart((state) => state.mode) ?? "";
  const parts: string[] = [];
  if (stage.quantityBase)
    parts.push(number(stage.quantityBase) + (stage.stage === "canceled" ? " unfilled" : ""));
  if (stage.priceUsd) parts.push(price(stage.priceUsd));
  if (stage.parts > 1) parts.push(`in ${stage.parts} parts`);
  if (stage.feeUsd) parts.push(`fee ${number(stage.feeUsd, { digits: 4 })} USD`);
  if (stage.note) parts.push(words(stage.note));
  if (stage.slot) parts.push(`slot ${stage.slot}`);
  if (stage.feeLamports) parts.push(`${number(stage.feeLamports)} lamports`);
  const explorer = stage.signature ? explorerUrl(stage.signature, mode) : null;
  return (
    <span className="flex flex-wrap gap-x-2">
      {parts.length > 0 && <span className="num">{parts.join(", ")}</span>}
      {stage.signature && <Address of={stage.signature} testid={`signature-${stage.stage}`} />}
      {explorer && (
        <a
          href={explorer}
          target="_blank"
          rel="noreferrer"
          data-testid={`explorer-${stage.stage}`}
          className="inline-flex min-h-6 items-center underline underline-offset-4 hover:text-ink"
        >
          explorer
        </a>
      )}
    </span>
  );
}
