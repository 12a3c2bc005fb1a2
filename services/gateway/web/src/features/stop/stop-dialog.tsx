import { useState } from "react";
import { HoldButton } from "@/components/hold-button";
import { Dialog } from "@/components/ui/dialog";
import { Input, Radio } from "@/components/ui/input";
import { useAccess } from "@/desk/hooks";
import { LEVELS, type StopLevel } from "./levels";
import { StopResult, useIsDone } from "./stop-result";
import type { Ask, Scope, Stopping } from "./use-stop";

const PHRASE = "FLATTEN";
/** Levels that close a position need the phrase. */
const CLOSES: ReadonlySet<StopLevel> = new Set(["flatten", "revoke_delegate"]);

interface StopDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  stopping: Stopping | null;
  stop(ask: Ask): Promise<void>;
}

export function StopDialog({ open, onOpenChange, stopping, stop }: StopDialogProps) {
  const [reason, setReason] = useState("");
  const [phrase, setPhrase] = useState("");
  const isDone = useIsDone(stopping);
  const [scope, setScope] = useState<Scope>("account");
  const { data: access } = useAccess();
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="stop-dialog"
      tone="danger"
      title={stopping ? (isDone ? "Stopped" : "Stopping") : "Stop automation"}
      description="It stays stopped, over restarts too, until someone resumes."
    >
      {stopping ? (
        <StopResult stopping={stopping} again={() => stop(stopping)} />
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
          {access?.mayStopAll && (
            <ScopeChoice scope={scope} onScope={setScope} account={access.account} />
          )}
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
                onHeld={() => void stop({ level, scope, reason })}
                className="self-center sm:w-48"
              >
                Hold: {name.split(" ")[0]?.toLowerCase()}
                {level === "revoke_delegate" && " + revoke"}
                {scope === "global" && ", all"}
              </HoldButton>
            </div>
          ))}
        </div>
      )}
    </Dialog>
  );
}

interface ScopeChoiceProps {
  scope: Scope;
  onScope(scope: Scope): void;
  account: string | null;
}

/** Whom the stop is for; only who may stop all accounts is asked. */
function ScopeChoice({ scope, onScope, account }: ScopeChoiceProps) {
  const choices = [
    { value: "account", name: `This account, ${account ?? "the desk's"}`, note: "Others go on." },
    {
      value: "global",
      name: "All accounts",
      note: "Every account on this log, whoever serves it. Lifted for all at once, by an operator.",
    },
  ] as const;
  return (
    <fieldset
      data-testid="stop-scope"
      className="flex flex-col gap-2 rounded-xl border border-edge p-3.5"
    >
      <legend className="px-1 text-muted text-sm">Whom to stop</legend>
      {choices.map(({ value, name, note }) => (
        <label key={value} className="flex cursor-pointer items-start gap-3 text-sm">
          <Radio
            name="stop-scope"
            data-testid={`stop-scope-${value}`}
            checked={scope === value}
            onChange={() => onScope(value)}
          />
          <span>
            <span className="font-medium">{name}</span> <span className="text-muted">{note}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
