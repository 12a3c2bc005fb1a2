import { useState } from "react";
import { Problem, sentence } from "@/api/client";
import { Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { useDeskState } from "@/desk/hooks";
import { ReviewDialog } from "./review-dialog";
import { changesOf, type Draft, draftOf, invalid, LIMITS, rebased, withDraft } from "./settings";
import { StrategySwitch } from "./strategy-switch";
import { type Revision, useChangeSettings, useSettings } from "./use-settings";

/** The strategy's switch and the account's limits: a draft, its differences, then the change. */
export function StrategyControls() {
  const { data: revision } = useSettings();
  const state = useDeskState();
  return (
    <Panel testid="strategy-controls" title="Strategy and limits">
      {revision ? (
        <Controls revision={revision} />
      ) : state && !state.settings ? (
        <p className="text-muted">No account yet: it opens with the feed.</p>
      ) : (
        <Loading lines={6} testid="settings-loading" />
      )}
    </Panel>
  );
}

function Controls({ revision }: { revision: Revision }) {
  return (
    <div className="flex flex-col gap-3">
      <StrategySwitch revision={revision} />
      <Limits revision={revision} />
    </div>
  );
}

function Limits({ revision }: { revision: Revision }) {
  /** The draft, and the revision that it was begun on. */
  const [begun, setBegun] = useState<{ draft: Draft; on: Revision } | null>(null);
  const [isReviewing, setReviewing] = useState(false);
  const change = useChangeSettings();
  const draft = begun?.draft ?? draftOf(revision.settings);
  const base = begun?.on ?? revision;
  const changes = changesOf(base.settings, draft);
  const theirs = begun && begun.on.etag !== revision.etag ? draftChanges(begun.on, revision) : [];
  const isConflict =
    theirs.length > 0 || (change.error instanceof Problem && change.error.status === 412);
  const hasInvalid = LIMITS.some(({ key }) => invalid(key, draft[key]) !== null);

  const reset = () => {
    setBegun(null);
    setReviewing(false);
    change.reset();
  };
  const apply = () =>
    change.mutate(
      { settings: withDraft(base.settings, draft), etag: base.etag },
      { onSuccess: reset },
    );

  return (
    <form
      className="flex flex-col gap-2.5"
      onSubmit={(event) => {
        event.preventDefault();
        if (changes.length > 0 && !hasInvalid) setReviewing(true);
      }}
    >
      {LIMITS.map(({ key, name, unit, testid, help }) => {
        const wrong = invalid(key, draft[key]);
        return (
          <label
            key={key}
            className="grid grid-cols-[1fr_7rem_5.5rem] items-center gap-2"
            title={help}
          >
            <span className="text-muted">{name}</span>
            <Input
              inputMode="decimal"
              data-testid={testid}
              value={draft[key]}
              aria-invalid={wrong !== null}
              onChange={(event) =>
                setBegun({ draft: { ...draft, [key]: event.target.value.trim() }, on: base })
              }
              className="num min-h-8 text-right"
            />
            <span className="text-muted text-xs">{wrong ?? unit}</span>
          </label>
        );
      })}
      <div className="flex items-center justify-end gap-2">
        {begun && (
          <Button size="small" variant="ghost" data-testid="settings-discard" onClick={reset}>
            Discard
          </Button>
        )}
        <Button
          size="small"
          type="submit"
          data-testid="settings-review"
          disabled={changes.length === 0 || hasInvalid}
        >
          Review changes
        </Button>
      </div>
      <ReviewDialog
        open={isReviewing}
        onOpenChange={(open) => {
          setReviewing(open);
          if (!open) change.reset();
        }}
        changes={changes}
        theirs={theirs}
        isConflict={isConflict}
        isPending={change.isPending}
        error={change.error && !isConflict ? sentence(change.error) : null}
        onApply={apply}
        onRebase={() => {
          setBegun({ draft: rebased(draft, base.settings, revision.settings), on: revision });
          change.reset();
        }}
      />
    </form>
  );
}

function draftChanges(before: Revision, now: Revision) {
  const limits = changesOf(before.settings, draftOf(now.settings));
  const switches = (["strategy_enabled", "delegate_enabled"] as const)
    .filter((key) => before.settings[key] !== now.settings[key])
    .map((key) => ({
      name: key === "strategy_enabled" ? "Strategy entries" : "Delegate",
      unit: "",
      before: before.settings[key] ? "on" : "off",
      after: now.settings[key] ? "on" : "off",
    }));
  return [...limits, ...switches];
}
