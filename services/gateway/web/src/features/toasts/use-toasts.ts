import { useEffect } from "react";
import { toast } from "sonner";
import { useDesk } from "@/desk/hooks";
import { words } from "@/lib/text";
import { weightOf } from "./must-see";

const RECENT_MS = 60_000;

/** Shows must-see events as they come in; what is caught up on after a break is old, and is not. */
export function useToasts(): void {
  const desk = useDesk();
  useEffect(
    () =>
      desk.onEvent((event) => {
        const weight = weightOf(event);
        if (weight === null || desk.now() - Date.parse(event.recordedAt) > RECENT_MS) return;
        const show = { info: toast.info, warning: toast.warning, critical: toast.error }[weight];
        show(words(event.type), {
          // The position makes the same event one toast.
          id: `event-${event.pos}`,
          description: event.summary,
          testId: `toast-${event.type}`,
          duration: weight === "critical" ? Number.POSITIVE_INFINITY : 6_000,
        });
      }),
    [desk],
  );
}
