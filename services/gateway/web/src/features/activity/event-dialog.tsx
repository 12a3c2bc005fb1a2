import type { Activity } from "@/api/client";
import { Dialog } from "@/components/ui/dialog";
import { words } from "@/lib/text";

/** One event to its last field. It is text, whatever is in it. */
export function EventDialog({ event, onClose }: { event: Activity | null; onClose(): void }) {
  return (
    <Dialog
      open={event !== null}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      testid="event-dialog"
      title={event ? `${words(event.type)} at position ${event.pos}` : ""}
      description={event?.summary}
    >
      <pre
        data-testid="event-json"
        className="num overflow-x-auto rounded-lg bg-back p-3 text-xs whitespace-pre-wrap wrap-anywhere"
      >
        {event && JSON.stringify(event, null, 2)}
      </pre>
    </Dialog>
  );
}
