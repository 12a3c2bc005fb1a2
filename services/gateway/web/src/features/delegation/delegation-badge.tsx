import { Badge } from "@/components/ui/badge";
import { useIsOffline } from "@/desk/hooks";
import { useByHand } from "@/features/signing/use-by-hand";
import { cn } from "@/lib/cn";
import { shortened } from "@/lib/text";
import { countdown } from "@/lib/time";
import { useOpenDelegation } from "./open";
import { standingOf } from "./states";
import { type Delegation, useChainNow, useDelegation } from "./use-delegation";

/** Who may sign for the account, as the chain shows it; opens what can be done about it. */
export function DelegationBadge() {
  const { data: delegation, isRefetchError } = useDelegation();
  const isOffline = useIsOffline();
  if (!delegation) return null;
  if (!delegation.isRequired)
    return (
      <span
        data-testid="delegation-badge"
        data-state="self"
        title={delegation.note}
        className="text-muted text-xs max-sm:hidden"
      >
        {delegation.venue.cluster} signs for itself
      </span>
    );
  return <OwnedBadge delegation={delegation} isStale={isOffline || isRefetchError} />;
}

const BY_HAND = { label: "signed by hand", tone: "plain", mark: "✎" } as const;

interface OwnedBadgeProps {
  delegation: Delegation;
  /** It was not read lately: what it says may be over. */
  isStale: boolean;
}

function OwnedBadge({ delegation, isStale }: OwnedBadgeProps) {
  const open = useOpenDelegation();
  const now = useChainNow(delegation);
  const { data: byHand } = useByHand();
  const isByHand = byHand?.mode === "manual";
  const told = standingOf(delegation, now);
  const { state } = told;
  const { label, tone, mark } = isByHand ? BY_HAND : told;
  const waiting = isByHand ? byHand.offers.length : 0;
  const { key } = delegation;
  return (
    <button
      type="button"
      data-testid="delegation-badge"
      data-state={state}
      data-mode={byHand?.mode}
      aria-haspopup="dialog"
      onClick={open}
      className={cn(
        "cursor-pointer rounded-full transition-colors hover:bg-raised",
        isStale && "opacity-85 saturate-0",
      )}
    >
      <Badge tone={tone} className="min-h-8 px-3 text-xs">
        <span aria-hidden className="text-sm leading-none">
          {mark}
        </span>
        <span className="sr-only">Delegation: </span>
        {label}
        {isStale && <span className="font-normal">not live</span>}
        {waiting > 0 && <span className="num text-warn">{waiting} to sign</span>}
        {!isByHand && state === "active" && key && (
          <span className="num font-normal text-muted">
            <span className="max-sm:hidden">{shortened(key.address)}, </span>
            {countdown(key.expiresAt, now)}
          </span>
        )}
      </Badge>
    </button>
  );
}
