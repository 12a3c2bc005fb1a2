import { useState } from "react";
import { answered, api, sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { useAccess, useDesk, useDeskState } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { useStepUp } from "@/features/auth/step-up";
import { tell } from "@/features/toasts/tell";
import { withShortAddresses, words } from "@/lib/text";
import { moment } from "@/lib/time";
import { levelOf } from "./levels";

/** Says that automation is stopped, by whom and why, and what stays open; offers to resume. */
export function HaltBanner() {
  const desk = useDesk();
  const state = useDeskState();
  const { zone } = usePreferences();
  const { data: access } = useAccess();
  const [isOpen, setOpen] = useState(false);
  if (!state?.isHalted) return null;
  const level = levelOf(state.killLevel);
  // Each is lifted by itself, the account's own first.
  const scope = state.halts.some((one) => one.scope === "account") ? "account" : "global";
  const mayResume = scope === "account" || access?.mayStopAll === true;
  const causes = state.halts.map(
    (one) =>
      `Stopped (${words(one.level)}${one.scope === "global" ? ", all accounts" : ""}) by ${withShortAddresses(one.by)}, ${moment(one.recordedAt, zone, desk.now())}: ${one.reason}.`,
  );
  return (
    <div
      role="alert"
      data-testid="halt-banner"
      className="flex flex-wrap items-center gap-3 border-bad border-l-4 bg-panel px-4 py-2.5"
    >
      <p className="wrap-anywhere min-w-60 flex-1">
        {causes.map((cause) => (
          <span key={cause} className="mr-1 font-medium">
            {cause}
          </span>
        ))}
        {level && (
          <span className="text-muted">
            {level.does} Stays open: {level.leavesOpen}
          </span>
        )}
      </p>
      {mayResume ? (
        <Button data-testid="resume-button" onClick={() => setOpen(true)}>
          Resume …
        </Button>
      ) : (
        <p data-testid="resume-operator" className="text-muted text-sm">
          An operator's wallet resumes all accounts.
        </p>
      )}
      <ResumeDialog
        open={isOpen}
        onOpenChange={setOpen}
        causes={causes}
        scope={scope}
        knows={state.halts.find((one) => one.scope === scope)?.newestPos ?? null}
      />
    </div>
  );
}

interface ResumeDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  causes: string[];
  scope: "account" | "global";
  /** The newest stop that is shown: a newer one is not lifted unread. */
  knows: string | null;
}

function ResumeDialog({ open, onOpenChange, causes, scope, knows }: ResumeDialogProps) {
  const desk = useDesk();
  const guard = useStepUp();
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState("");
  const resume = async () => {
    if (!reason.trim()) return setSaid("A reason is needed.");
    setSaid("Requested …");
    try {
      await guard(() =>
        answered(api.POST("/api/engine/resume", { body: { reason: reason.trim(), scope, knows } })),
      );
      if (causes.length > 1)
        tell("warning", "This account's stop was lifted. That of all accounts stands.", {
          id: "resumed",
        });
      else tell("good", "Trading was resumed.", { id: "resumed" });
      setSaid("");
      setReason("");
      // The next stop does not begin with this window.
      onOpenChange(false);
      desk.reload();
    } catch (error) {
      setSaid(sentence(error));
    }
  };
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="resume-dialog"
      title={scope === "global" ? "Resume all accounts?" : "Resume trading?"}
      description={
        scope === "global"
          ? "Every account is allowed new entries again, unless a stop of its own stands."
          : causes.length > 1
            ? "This lifts the account's own stop. The stop of all accounts stands on: no new entry before that is lifted too."
            : "New entries are allowed again from the next signal on."
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void resume();
        }}
      >
        <div>
          <h3 className="text-muted text-sm">What stopped it</h3>
          <ul data-testid="resume-causes">
            {causes.map((cause) => (
              <li key={cause}>{cause}</li>
            ))}
          </ul>
        </div>
        <label className="text-muted text-sm">
          Why it is safe to go on
          <Input
            data-testid="resume-reason"
            maxLength={500}
            value={reason}
            aria-invalid={said === "A reason is needed."}
            onChange={(event) => setReason(event.target.value)}
            className="mt-1"
          />
        </label>
        <div className="flex items-center gap-3">
          <p role="status" data-testid="resume-said" className="min-w-0 flex-1 text-sm text-warn">
            {said}
          </p>
          <Button type="submit" variant="primary" data-testid="resume-confirm">
            Resume
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
