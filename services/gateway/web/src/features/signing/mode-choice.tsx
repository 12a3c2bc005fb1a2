import { sentence } from "@/api/client";
import { Switch } from "@/components/ui/switch";
import { type ByHand, useChooseMode } from "./use-by-hand";

/** Who signs from now on: a delegate key, or the owner's wallet every time. */
export function ModeChoice({ byHand }: { byHand: ByHand }) {
  const choose = useChooseMode();
  const isManual = byHand.mode === "manual";
  return (
    <section
      data-testid="manual-sign-mode"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-xl border border-edge px-4 py-3"
    >
      <span className="min-w-0 flex-1">
        <span className="block font-medium">Sign every transaction by hand</span>
        <span role="status" data-testid="manual-sign-note" className="block text-muted text-xs">
          {choose.isPending
            ? "requested …"
            : choose.error
              ? sentence(choose.error)
              : isManual
                ? "on: no delegate is needed. The desk prepares, your wallet signs; each waits about a minute."
                : "off: a delegate key signs within its limits"}
        </span>
      </span>
      <Switch
        label="Sign every transaction by hand"
        testid="manual-sign-toggle"
        checked={isManual}
        disabled={choose.isPending}
        onCheckedChange={(checked) => choose.mutate(checked ? "manual" : "delegate")}
      />
    </section>
  );
}
