/** What of the log is shown; it lives in the address of the page, so that it can be sent. */
import * as z from "zod/mini";
import type { Activity } from "@/api/client";

export const SEVERITIES = ["all", "info", "warning", "bad"] as const;

const MARKET = /^[a-z0-9-]{1,64}$/;
/** Our id of an order, or the event that is its setup or proposal. */
export const ORDER = /^([0-9a-z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const ORDER_FIELDS = ["client_order_id", "setup", "proposal"];

export const filterSchema = z.object({
  q: z.catch(z.optional(z.string().check(z.maxLength(100))), undefined),
  severity: z.catch(z.optional(z.enum(SEVERITIES)), undefined),
  type: z.catch(z.optional(z.string().check(z.maxLength(64))), undefined),
  market: z.catch(z.optional(z.string().check(z.regex(MARKET))), undefined),
  order: z.catch(z.optional(z.string().check(z.regex(ORDER))), undefined),
  noise: z.catch(z.optional(z.boolean()), undefined),
});

export type Filter = z.infer<typeof filterSchema>;

const WEIGHT: Record<Activity["level"], number> = {
  noise: 0,
  info: 1,
  good: 1,
  warning: 2,
  bad: 3,
};
const LEAST: Record<(typeof SEVERITIES)[number], number> = { all: 0, info: 1, warning: 2, bad: 3 };

export function matches(event: Activity, filter: Filter): boolean {
  if (event.level === "noise" && !filter.noise) return false;
  if (WEIGHT[event.level] < LEAST[filter.severity ?? "all"]) return false;
  if (filter.type && event.type !== filter.type) return false;
  if (filter.market && event.data?.market !== filter.market) return false;
  if (filter.order && !isAbout(event, filter.order)) return false;
  const wanted = filter.q?.trim().toLowerCase();
  if (!wanted) return true;
  return textOf(event).includes(wanted);
}

/** Of each event that was searched, what is searched: thousands are looked at with every new one. */
const texts = new WeakMap<Activity, string>();

/** Gives what the gateway searches for its export: summary, names, and the event's own fields. */
function textOf(event: Activity): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const parts = [event.summary, event.type, event.event, JSON.stringify(event.data)];
  const text = parts.join("\n").toLowerCase();
  texts.set(event, text);
  return text;
}

/** Says whether an event is an order's, as the gateway does for its export. */
function isAbout({ id, data }: Activity, order: string): boolean {
  return id === order || ORDER_FIELDS.some((name) => data?.[name] === order);
}

/** Names the markets among events, for a menu. */
export function marketsOf(events: readonly Activity[]): string[] {
  const named = events.map((one) => one.data?.market);
  return [...new Set(named.filter((one) => typeof one === "string"))].sort();
}

/** Names the types among events, for a menu. */
export function typesOf(events: readonly Activity[]): string[] {
  return [...new Set(events.map((one) => one.type))].sort();
}
