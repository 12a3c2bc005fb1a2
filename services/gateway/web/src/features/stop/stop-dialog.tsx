import { useState } from "react";
import { HoldButton } from "@/components/hold-button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { LEVELS, type StopLevel } from "./levels";
import { StopResult } from "./stop-result";
import type { Stopping } from "./use-stop";

const PHRASE = "FLATTEN";
/** Levels that close a position need the phrase. */
const CLOSES: ReadonlySet<StopLevel> = new Set(["flatten", "revoke_delegate"]);

interface StopDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  stopping: Stopping | null;
  stop(level: StopLevel, reason: string): Promise<void>;
}

export function StopDialog({ open, onOpenChange, stopping, stop }: StopDialogProps) {
  const [reason, setReason] = useState("");
  const [phrase, setPhrase] = useState("");
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="stop-dialog"
      tone="danger"
      title={stopping ? "Stopping" : "Stop automation"}
      description="It stays stopped, over restarts too, until someone resumes."
    >
      {stopping ? (
        <StopResult stopping={stopping} again={() => stop(stopping.level, reason)} />
      ) : (
        <div className="flex flex-col gap-3">
          <label className="text-muted text-sm">
            Reason (optional)
            <Input
              data-testid="stop-reason"
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              className="mt-1"
            />
          </label>
          {LEVELS.map(({ level, testid, name, does, leavesOpen }) => (
            <div
              key={level}
              className="grid gap-x-4 gap-y-2 rounded-xl border border-edge p-3.5 sm:grid-cols-[1fr_auto]"
            >
              <div className="min-w-0">
                <h3 className="font-semibold">{name}</h3>
                <p className="text-sm">{does}</p>
                <p className="mt-1 text-sm text-warn">
                  <span className="font-medium">Stays open: </span>
                  {leavesOpen}
                </p>
                {level === "revoke_delegate" && (
                  <p className="mt-2 text-muted text-sm">Unlocked by the same {PHRASE}.</p>
                )}
                {level === "flatten" && (
                  <label className="mt-2 block text-muted text-sm">
                    <span className="block">Type {PHRASE} to unlock it</span>
                    <Input
                      data-testid="flatten-phrase"
                      value={phrase}
                      spellCheck={false}
                      onChange={(event) => setPhrase(event.target.value)}
                      className="num mt-1 max-w-48"
                    />
                  </label>
                )}
              </div>
              <HoldButton
                variant="danger"
                size="large"
                data-testid={testid}
                disabled={CLOSES.has(level) && phrase.trim().toUpperCase() !== PHRASE}
                onHeld={() => void stop(level, reason)}
                className="self-center sm:w-48"
              >
                Hold: {name.split(" ")[0]?.toLowerCase()}
                {level === "revoke_delegate" && " + revoke"}
              </HoldButton>
            </div>
          ))}
        </div>
      )}
    </Dialog>
  );
}
