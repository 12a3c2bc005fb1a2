import { useEffect, useRef, useState } from "react";
import { HoldButton } from "@/components/hold-button";
import { useDeskPart } from "@/desk/hooks";
import { levelOf } from "./levels";
import { StopDialog } from "./stop-dialog";
import { useStop } from "./use-stop";

/**
 * The stop. Held, it cancels entries at once; pressed, it offers the levels. It is never disabled:
 * not by stale data, not by the age of a session, not by a stop that stands.
 */
export function EmergencyStop() {
  const [isOpen, setOpen] = useState(false);
  const { stopping, stop, forget } = useStop();
  const killLevel = useDeskPart((state) => state.killLevel);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "x" || !event.shiftKey || !(event.ctrlKey || event.metaKey))
        return;
      event.preventDefault();
      // An open window keeps the focus to itself: then the levels come over it.
      if (document.querySelector("[role=dialog]")) setOpen(true);
      else button.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  const standing = levelOf(killLevel);
  return (
    <div className="max-sm:fixed max-sm:inset-x-0 max-sm:bottom-0 max-sm:z-30 max-sm:border-edge max-sm:border-t max-sm:bg-panel max-sm:p-2">
      <HoldButton
        ref={button}
        variant="danger"
        data-testid="emergency-stop"
        aria-keyshortcuts="Control+Shift+X Meta+Shift+X"
        aria-label="Emergency stop: hold to cancel entries now, press to choose a level"
        className="min-h-12 w-full border-2 px-5 font-semibold sm:min-h-11"
        onHeld={() => {
          setOpen(true);
          void stop({ level: "cancel_entries", scope: "account", reason: "" });
        }}
        onPress={() => setOpen(true)}
      >
        <span aria-hidden className="size-3 rounded-sm bg-current" />
        {standing?.standing ?? "Emergency stop"}
        <span aria-hidden className="font-normal text-2xs opacity-80 max-lg:hidden">
          hold 1.2 s
        </span>
      </HoldButton>
      <StopDialog
        open={isOpen}
        onOpenChange={(open) => {
          setOpen(open);
          if (!open) forget();
        }}
        stopping={stopping}
        stop={stop}
      />
    </div>
  );
}
