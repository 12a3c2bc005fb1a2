import { useEffect } from "react";
import { toast } from "sonner";
import type { Activity } from "@/api/client";
import { useDesk, useDeskPart } from "@/desk/hooks";
import { withShortAddresses, words } from "@/lib/text";
import { weightOf } from "./must-see";
import { tell } from "./tell";

const RECENT_MS = 60_000;
const STOP = "stop";

/**
 * Shows must-see events as they come in; what is caught up on after a break is old, and is not. That
 * of a stop goes when trading is resumed.
 */
export function useToasts(): void {
  const desk = useDesk();
  const isHalted = useDeskPart((state) => state.isHalted);
  useEffect(() => {
    if (isHalted === false) toast.dismiss(STOP);
  }, [isHalted]);
  useEffect(
    () =>
      desk.onEvent((event) => {
        const weight = weightOf(event);
        if (weight === null || desk.now() - Date.parse(event.recordedAt) > RECENT_MS) return;
        tell(weight, words(event.type), {
          id: nameOf(event),
          detail: withShortAddresses(event.summary),
          testid: `toast-${event.type}`,
        });
      }),
    [desk],
  );
}

/** Names the toast of an event: parts of one order's fill, and stops, take each other's place. */
function nameOf({ event, pos, data }: Activity): string {
  if (event === "order_filled") return `fill-${data?.client_order_id}`;
  return event === "kill_switch_engaged" ? STOP : `event-${pos}`;
}
