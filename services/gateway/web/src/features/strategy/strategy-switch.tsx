import { type State, sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Switch } from "@/components/ui/switch";
import { useDeskState } from "@/desk/hooks";
import { faultsOf } from "@/features/delegation/faults";
import { useOpenDelegation } from "@/features/delegation/open";
import { type BadgeState, badgeState } from "@/features/delegation/states";
import { type Delegation, useDelegation } from "@/features/delegation/use-delegation";
import { useByHand } from "@/features/signing/use-by-hand";
import { words } from "@/lib/text";
import { type Revision, useChangeSettings } from "./use-settings";

/** The strategy's switch; it says what else entries need, and leads there. */
export function StrategySwitch({ revision }: { revision: Revision }) {
  const change = useChangeSettings();
  const state = useDeskState();
  const { data: delegation } = useDelegation();
  const openDelegation = useOpenDelegation();
  const { settings, etag } = revision;
  const isOn = settings.strategy_enabled;
  const isByHand = useByHand().data?.mode === "manual";
  const missing = delegation && !isByHand ? missingOf(delegation) : null;
  const note = change.isPending
    ? "requested …"
    : change.error
      ? sentence(change.error)
      : noteOf(isOn, missing, state, isByHand);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <span className="min-w-0 flex-1">
        <span className="block font-medium">Strategy entries</span>
        <span role="status" data-testid="strategy-note" className="block text-muted text-xs">
          {note}
        </span>
      </span>
      <Switch
        label="Strategy entries"
        testid="strategy-toggle"
        checked={isOn}
        disabled={change.isPending}
        onCheckedChange={(checked) =>
          change.mutate({ settings: { ...settings, strategy_enabled: checked }, etag })
        }
      />
      {missing && (
        <div
          data-testid="strategy-needs-delegate"
          className="flex basis-full flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-warn/70 px-3 py-2 text-sm"
        >
          <span className="min-w-40 flex-1">{missing.text}</span>
          <Button size="small" data-testid="strategy-delegate" onClick={openDelegation}>
            {missing.action}
          </Button>
        </div>
      )}
    </div>
  );
}

interface Missing {
  text: string;
  action: string;
  /** When entries begin. */
  until?: string;
}

const MISSING: Record<Exclude<BadgeState, "active">, Missing> = {
  none: {
    text: "Entries need a delegate: your wallet names this desk's key first.",
    action: "Delegate …",
  },
  awaiting: { text: "Entries wait for your wallet's signature.", action: "Sign …" },
  submitted: { text: "Entries begin once the chain names the key.", action: "Follow …" },
  foreign: { text: "The chain names another key: this desk can sign nothing.", action: "Look …" },
  revoking: { text: "A revoke is on its way: no entries.", action: "Follow …" },
  revoked: { text: "The delegation was revoked: entries need a new one.", action: "Delegate …" },
  unknown: { text: "Nobody reads the chain now: no entries meanwhile.", action: "Look …" },
};

function missingOf(delegation: Delegation): Missing | null {
  if (!delegation.isRequired) return null;
  const state = badgeState(delegation);
  return state === "active" ? unpaid(delegation) : MISSING[state];
}

/** Gives what a delegate without money lacks: it is named, and can trade nothing. */
function unpaid({ preflight }: Delegation): Missing | null {
  const faults = faultsOf(preflight);
  const lacks = (code: string) => faults.some((one) => one.code === code);
  if (lacks("deposit"))
    return {
      text: "The sub-account holds no deposit: there is nothing to trade with.",
      action: "Look …",
      until: "something is deposited",
    };
  if (lacks("delegate_sol"))
    return {
      text: "The delegate key is short of SOL for fees.",
      action: "Look …",
      until: "the key can pay fees",
    };
  return null;
}

function noteOf(
  isOn: boolean,
  missing: Missing | null,
  state: State | null,
  isByHand: boolean,
): string {
  if (!isOn) return "off: what is open stays managed";
  if (missing) return `on: it enters once ${missing.until ?? "the account is delegated"}`;
  if (state?.isHalted) return "on: it enters once trading is resumed";
  if (state && state.engine.mode !== "run")
    return `on: no entries while the engine is ${words(state.engine.mode)}, ${words(state.engine.reason)}`;
  return isByHand ? "on: each entry waits for your wallet" : "on: it may open positions";
}
