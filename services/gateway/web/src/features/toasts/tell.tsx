import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";

export type Weight = "info" | "good" | "warning" | "critical";

const MARKS: Record<Weight, string> = { info: "i", good: "✓", warning: "!", critical: "✗" };
const COLORS: Record<Weight, string> = {
  info: "border-info/70 text-info",
  good: "border-info/70 text-info",
  warning: "border-warn/70 text-warn",
  critical: "border-bad text-bad",
};
const SHOWN_MS = 6_000;

interface Telling {
  /** The same id again replaces what it said before. */
  id: string;
  detail?: string;
  testid?: string;
}

/** Tells something in the corner of the page; what is critical stays until it is closed. */
export function tell(weight: Weight, title: string, { id, detail, testid }: Telling): void {
  toast.custom(
    () => (
      <div className="flex w-full items-start gap-3 rounded-xl border border-control bg-raised p-3 shadow-back/60 shadow-lg sm:w-[22rem]">
        <span
          aria-hidden
          className={cn(
            "num mt-1 grid size-6 shrink-0 place-items-center rounded-full border text-xs",
            COLORS[weight],
          )}
        >
          {MARKS[weight]}
        </span>
        <div className="wrap-anywhere min-w-0 flex-1 py-1 text-[0.8125rem]">
          <p className="font-medium">{title}</p>
          {detail && <p className="mt-0.5 text-muted">{detail}</p>}
        </div>
        <Button
          variant="ghost"
          size="small"
          aria-label={`Close: ${title}`}
          data-testid={`close-${id}`}
          onClick={() => toast.dismiss(id)}
        >
          ✕
        </Button>
      </div>
    ),
    {
      id,
      testId: testid ?? `toast-${id}`,
      duration: weight === "critical" ? Number.POSITIVE_INFINITY : SHOWN_MS,
    },
  );
}
