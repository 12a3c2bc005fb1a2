import { useState } from "react";
import { Badge } from "@/components/ui/badge";
import { shortened } from "@/lib/text";
import { countdown } from "@/lib/time";
import { DelegationDialog } from "./delegation-dialog";
import { badgeState, STATES } from "./states";
import { type Delegation, useChainNow, useDelegation } from "./use-delegation";

/** Who may sign for the account, as the chain shows it; opens what can be done about it. */
export function DelegationBadge() {
  const { data: delegation } = useDelegation();
  const [isOpen, setOpen] = useState(false);
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
  const state = badgeState(delegation);
  const { label, tone, mark } = STATES[state];
  return (
    <>
      <button
        type="button"
        data-testid="delegation-badge"
        data-state={state}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        className="cursor-pointer rounded-full"
      >
        <Badge tone={tone} className="min-h-7 px-3 text-xs">
          <span aria-hidden>{mark}</span>
          {label}
          {state === "active" && <KeyFacts delegation={delegation} />}
        </Badge>
      </button>
      <DelegationDialog open={isOpen} onOpenChange={setOpen} delegation={delegation} />
    </>
  );
}

/** The key's ends and how long it still lives. */
function KeyFacts({ delegation }: { delegation: Delegation }) {
  const now = useChainNow(delegation);
  const { key } = delegation;
  if (!key) return null;
  return (
    <span className="num font-normal text-muted">
      {shortened(key.address)}, {countdown(key.expiresAt, now)}
    </span>
  );
}
