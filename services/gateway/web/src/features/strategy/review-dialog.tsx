import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Differences } from "./differences";
import type { Change } from "./settings";

interface ReviewDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  changes: Change[];
  /** What somebody else changed since the draft was begun. */
  theirs: Change[];
  isConflict: boolean;
  isPending: boolean;
  error: string | null;
  onApply(): void;
  /** Puts the draft on what stands now. */
  onRebase(): void;
}

/** Shows what a draft changes before it is sent; a conflict shows both sides. */
export function ReviewDialog({
  open,
  onOpenChange,
  changes,
  theirs,
  isConflict,
  isPending,
  error,
  onApply,
  onRebase,
}: ReviewDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="settings-dialog"
      title="Change these limits?"
      description="They hold from the next verdict on. Open positions keep what they were approved with."
    >
      <Differences changes={changes} testid="settings-diff" caption="Your changes" />
      {isConflict && (
        <div
          data-testid="settings-conflict"
          role="alert"
          className="mt-4 rounded-xl border border-warn/70 p-3"
        >
          <p className="mb-2 font-medium text-warn">
            The settings changed in between. Nothing was applied.
          </p>
          {theirs.length > 0 && (
            <Differences changes={theirs} testid="settings-theirs" caption="Changed elsewhere" />
          )}
          <p className="mt-2 text-muted text-sm">
            Put your changes on top of what stands now, look at them again, then apply.
          </p>
        </div>
      )}
      <div className="mt-4 flex items-center gap-3">
        <p role="status" data-testid="settings-said" className="min-w-0 flex-1 text-sm text-warn">
          {isPending ? "Requested …" : error}
        </p>
        {isConflict ? (
          <Button variant="primary" data-testid="settings-rebase" onClick={onRebase}>
            Keep my draft on top
          </Button>
        ) : (
          <Button
            variant="primary"
            data-testid="settings-apply"
            disabled={isPending || changes.length === 0}
            onClick={onApply}
          >
            Apply
          </Button>
        )}
      </div>
    </Dialog>
  );
}
