import { Badge } from "@/components/ui/badge";
import { shortened } from "@/lib/text";
import { countdown } from "@/lib/time";
import { useOpenDelegation } from "./open";
import { standingOf } from "./states";
import { type Delegation, useChainNow, useDelegation } from "./use-delegation";

/** Who may sign for the account, as the chain shows it; opens what can be done about it. */
export function DelegationBadge() {
  const { data: delegation } = useDelegation();
  if (!delegation) return null;
  if (!delegation.isRequired)
    return (
      <span
        data-testid="delegation-badge"
        data-state="self"
        title={delegation.note}
        className="text-muted text-xs max-sm:hidden"
      >
        paper signs for itself
      </span>
    );
  return <OwnedBadge delegation={delegation} />;
}

function OwnedBadge({ delegation }: { delegation: Delegation }) {
  const open = useOpenDelegation();
  const now = useChainNow(delegation);
  const { state, label, tone, mark } = standingOf(delegation, now);
  const { key } = delegation;
  return (
    <button
      type="button"
      data-testid="delegation-badge"
      data-state={state}
      aria-haspopup="dialog"
      onClick={open}
      className="cursor-pointer rounded-full transition-colors hover:bg-raised"
    >
      <Badge tone={tone} className="min-h-8 px-3 text-xs">
        <span aria-hidden className="text-sm leading-none">
          {mark}
        </span>
        <span className="sr-only">Delegation: </span>
        {label}
        {state === "active" && key && (
          <span className="num font-normal text-muted">
            <span className="max-sm:hidden">{shortened(key.address)}, </span>
            {countdown(key.expiresAt, now)}
          </span>
        )}
      </Badge>
    </button>
  );
}
