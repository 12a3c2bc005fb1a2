import { useState } from "react";
import { Problem, sentence } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { useDeskState, useIsOffline } from "@/desk/hooks";
import { ChangedElsewhere } from "./changed-elsewhere";
import { ReviewDialog } from "./review-dialog";
import {
  changesOf,
  type Draft,
  differencesOf,
  draftOf,
  invalid,
  LIMITS,
  rebased,
  withDraft,
} from "./settings";
import { StrategySwitch } from "./strategy-switch";
import { useElsewhere } from "./use-elsewhere";
import { positionOf, type Revision, useChangeSettings, useSettings } from "./use-settings";

/** The strategy's switch and the account's limits: a draft, its differences, then the change. */
export function StrategyControls() {
  const { data: revision, error } = useSettings();
  const state = useDeskState();
  const isOffline = useIsOffline();
  return (
    <Panel
      testid="strategy-controls"
      title="Strategy and limits"
      isStale={state !== null && isOffline}
    >
      {revision ? (
        <Controls revision={revision} />
      ) : state && !state.settings ? (
        <Empty testid="settings-empty">No account yet: it opens with the feed.</Empty>
      ) : error ? (
        <Empty testid="settings-error">Not to be had now. {sentence(error)}</Empty>
      ) : (
        <Loading lines={6} testid="settings-loading" />
      )}
    </Panel>
  );
}

/** What a person typed, and the revision that it was begun on. */
interface Begun {
  draft: Draft;
  on: Revision;
}

function Controls({ revision }: { revision: Revision }) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const elsewhere = useElsewhere(revision);
  const rebase = () => {
    if (begun)
      setBegun({
        draft: rebased(begun.draft, begun.on.settings, revision.settings),
        on: revision,
      });
    elsewhere.acknowledge();
  };
  return (
    <div className="flex flex-col gap-3">
      {elsewhere.changes.length > 0 && (
        <ChangedElsewhere
          changes={elsewhere.changes}
          position={positionOf(revision)}
          hasDraft={begun !== null}
          onAcknowledge={rebase}
        />
      )}
      <StrategySwitch revision={revision} />
      <Limits revision={revision} begun={begun} setBegun={setBegun} rebase={rebase} />
    </div>
  );
}

interface LimitsProps {
  revision: Revision;
  begun: Begun | null;
  setBegun(begun: Begun | null): void;
  /** Puts the draft on what stands now. */
  rebase(): void;
}

function Limits({ revision, begun, setBegun, rebase }: LimitsProps) {
  const [isReviewing, setReviewing] = useState(false);
  const change = useChangeSettings();
  const draft = begun?.draft ?? draftOf(revision.settings);
  const base = begun?.on ?? revision;
  const changes = changesOf(base.settings, draft);
  const theirs =
    begun && begun.on.etag !== revision.etag
      ? differencesOf(begun.on.settings, revision.settings)
      : [];
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
          <label key={key} className="grid grid-cols-[1fr_7rem_5.5rem] items-center gap-2">
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
            <span className="col-span-3 -mt-1.5 text-2xs text-muted">{help}</span>
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
          rebase();
          change.reset();
        }}
      />
    </form>
  );
}
