/** Verdicts out of the events of the log: the gateway shows the last one, the log has them all. */
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
  leverage_after: z.nullable(z.string()),
  policy: z.string(),
  findings: z.array(finding),
  headline: z.optional(z.nullable(z.string())),
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
  headline: string | null;
  findings: Finding[];
}

/** Gives the verdicts among events, the newest first. */
export function verdictsIn(events: readonly Activity[], count: number): VerdictRow[] {
  const found: VerdictRow[] = [];
  for (const event of events) {
    if (event.event !== "order_approved" && event.event !== "order_denied") continue;
    const read = body.safeParse(event.data);
    if (!read.success) continue;
    const said = read.data;
    found.push({
      pos: event.pos,
      at: event.ts,
      isApproved: event.event === "order_approved",
      side: said.side,
      quantityBase: said.quantity_base,
      entryPriceUsd: said.entry_price_usd,
      notionalUsd: said.notional_usd,
      riskUsd: said.risk_usd,
      policy: said.policy,
      headline: said.headline ?? null,
      findings: said.findings,
    });
    if (found.length === count) break;
  }
  return found;
}
