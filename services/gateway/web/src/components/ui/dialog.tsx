import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { Button } from "./button";

interface DialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  title: string;
  testid: string;
  description?: ReactNode;
  children: ReactNode;
  className?: string;
  tone?: "plain" | "danger";
}

/** A modal dialog; Escape and its close button leave things as they are. */
export function Dialog({
  open,
  onOpenChange,
  title,
  testid,
  description,
  children,
  className,
  tone = "plain",
}: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop
          className="fixed inset-0 z-40 bg-back/80"
          data-testid={`${testid}-backdrop`}
        />
        <Base.Popup
          data-testid={testid}
          className={cn(
            "fixed top-1/2 left-1/2 z-50 flex max-h-[92dvh] w-[min(44rem,calc(100vw-1.5rem))] -translate-x-1/2 -translate-y-1/2 flex-col rounded-2xl border bg-panel shadow-2xl shadow-back outline-none",
            tone === "danger" ? "border-bad" : "border-control",
            className,
          )}
        >
          <div className="flex items-start gap-3 border-edge border-b px-5 py-4">
            <div className="min-w-0 flex-1">
              <Base.Title className="font-semibold text-lg leading-snug">{title}</Base.Title>
              {description && (
                <Base.Description className="mt-1 text-muted text-sm">
                  {description}
                </Base.Description>
              )}
            </div>
            <Base.Close
              render={<Button variant="ghost" size="small" />}
              aria-label="Close"
              data-testid={`${testid}-close`}
            >
              ✕
            </Base.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
