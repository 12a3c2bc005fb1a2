import { useQuery } from "@tanstack/react-query";
import { answered, api } from "@/api/client";
import { Button } from "@/components/ui/button";
import { useNow } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { withShortAddresses } from "@/lib/text";
import { moment } from "@/lib/time";
import { Differences } from "./differences";
import type { Change } from "./settings";

interface ChangedElsewhereProps {
  changes: Change[];
  /** Of the event that changed them last. */
  position: string;
  hasDraft: boolean;
  onAcknowledge(): void;
}

/** Says what somebody else changed, who and when; what was typed here is kept. */
export function ChangedElsewhere({
  changes,
  position,
  hasDraft,
  onAcknowledge,
}: ChangedElsewhereProps) {
  const { zone } = usePreferences();
  const now = useNow();
  const { data: event } = useQuery({
    queryKey: ["event", position],
    queryFn: async () =>
      (await answered(api.GET("/api/events/{position}", { params: { path: { position } } }))).data,
    staleTime: Infinity,
  });
  const by = typeof event?.data?.by === "string" ? withShortAddresses(event.data.by) : null;
  return (
    <div
      role="status"
      data-testid="settings-elsewhere"
      className="flex flex-col gap-2 rounded-lg border border-warn/70 px-3 py-2 text-sm"
    >
      <p>
        <span className="font-medium text-warn">Changed elsewhere</span>
        {event && ` by ${by ?? "somebody"}, ${moment(event.recordedAt, zone, now)}`}, event{" "}
        <span className="num">{position}</span>.{" "}
        {hasDraft && "What you typed is kept; it is put on top of this."}
      </p>
      <Differences changes={changes} testid="settings-elsewhere-diff" caption="What changed" />
      <Button
        size="small"
        data-testid="settings-elsewhere-ok"
        className="self-end"
        onClick={onAcknowledge}
      >
        {hasDraft ? "Keep my draft on top" : "Noted"}
      </Button>
    </div>
  );
}
