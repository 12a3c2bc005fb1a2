/** Verdicts out of the events of the log. */
import * as z from "zod/mini";
import type { Activity } from "@/api/client";

const finding = z.object({
  rule: z.string(),
  passed: z.boolean(),
  observed: z.nullable(z.string()),
  limit: z.nullable(z.string()),
  unit: z.string(),
});
const body = z.object({
  side: z.string(),
  quantity_base: z.string(),
  entry_price_usd: z.string(),
  notional_usd: z.string(),
  risk_usd: z.string(),
  policy: z.string(),
  findings: z.array(finding),
});

export type Finding = z.infer<typeof finding>;

export interface VerdictRow {
  pos: string;
  at: string;
  isApproved: boolean;
  side: string;
  quantityBase: string;
  entryPriceUsd: string;
  notionalUsd: string;
  riskUsd: string;
  policy: string;
  findings: Finding[];
}

export const VERDICTS = ["order_approved", "order_denied"];

/** Gives the verdicts among events, in their order. */
export function verdictsIn(events: readonly Activity[]): VerdictRow[] {
  return events.flatMap((event) => {
    const { data: said } = body.safeParse(event.data);
    if (!said || !VERDICTS.includes(event.event)) return [];
    return {
      pos: event.pos,
      at: event.ts,
      isApproved: event.event === "order_approved",
      side: said.side,
      quantityBase: said.quantity_base,
      entryPriceUsd: said.entry_price_usd,
      notionalUsd: said.notional_usd,
      riskUsd: said.risk_usd,
      policy: said.policy,
      findings: said.findings,
    };
  });
}
