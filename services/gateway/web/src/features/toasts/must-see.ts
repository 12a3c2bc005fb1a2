/** Which events of the log a person must see at once; all others are in the log alone. */
import type { Activity } from "@/api/client";
import type { Weight } from "./tell";

const EVENTS: Record<string, Weight> = {
  kill_switch_engaged: "critical",
  position_liquidated: "critical",
  reconciliation_broke: "critical",
  circuit_opened: "critical",
  stop_triggered: "warning",
  delegate_key_destroyed: "warning",
  feed_stalled: "warning",
  position_adopted: "warning",
  signature_asked: "warning",
};
const TYPES: Record<string, Weight> = {
  sl_hit: "warning",
  closed: "warning",
  tp_hit: "info",
  filled: "info",
};

export function weightOf(event: Activity): Weight | null {
  // Whoever holds a key that this desk does not know can trade the account.
  if (event.event === "delegation_changed") return event.level === "bad" ? "critical" : null;
  return EVENTS[event.event] ?? TYPES[event.type] ?? null;
}
