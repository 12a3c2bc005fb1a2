import { sentence } from "@/api/client";
import { Fact } from "@/components/num";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { usePreferences } from "@/desk/preferences";
import { shortened, words } from "@/lib/text";
import { clock, countdown, zoneName } from "@/lib/time";
import { ConsentForm } from "./consent-form";
import { OfferCard } from "./offer-card";
import { Preflight } from "./preflight";
import { RevokeSection } from "./revoke-section";
import { badgeState, STATES } from "./states";
import { type Delegation, useChainNow, useOffer } from "./use-delegation";

interface DelegationDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  delegation: Delegation;
}

/** Consent, delegate, revoke: what the owner can do, next to what the chain shows. */
export function DelegationDialog({ open, onOpenChange, delegation }: DelegationDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="delegation-dialog"
      title="Who may sign for this account"
      description="As the chain shows it. The desk never holds the key of your wallet."
    >
      <div className="flex flex-col gap-5">
        <Standing delegation={delegation} />
        {delegation.isOwner ? (
          <OwnerSteps delegation={delegation} />
        ) : (
          <p data-testid="delegation-not-owner" className="text-muted text-sm">
            Only its owner's wallet can change this.
          </p>
        )}
        <Preflight checks={delegation.preflight} />
      </div>
    </Dialog>
  );
}

function Standing({ delegation }: { delegation: Delegation }) {
  const now = useChainNow(delegation);
  const { zone } = usePreferences();
  const state = badgeState(delegation);
  const { label, tone, mark, sentence: meaning } = STATES[state];
  const { key, destroyed, onChain, owner, sent, venue } = delegation;
  return (
    <section data-testid="delegation-standing" className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={tone} className="min-h-7 px-3 text-sm">
          <span aria-hidden>{mark}</span>
          {label}
        </Badge>
        <p className="min-w-60 flex-1 text-sm">{meaning}</p>
      </div>
      <dl className="text-sm">
        <Fact name="Owner" testid="delegation-owner">
          <span title={owner ?? ""}>{owner ? shortened(owner, 6) : "–"}</span>
        </Fact>
        <Fact name="Sub-account" testid="delegation-account">
          <span title={venue.user ?? ""}>
            {venue.user ? shortened(venue.user, 6) : "not opened"}, {words(venue.cluster)}
          </span>
        </Fact>
        <Fact name="Delegate on the chain" testid="delegation-on-chain">
          <span title={onChain ?? ""}>{onChain ? shortened(onChain, 6) : "nobody"}</span>
        </Fact>
        {key && (
          <Fact name="Key of this desk" testid="delegation-key">
            <span title={key.address}>{shortened(key.address, 6)}</span>, until{" "}
            {clock(key.expiresAt, zone)} {zoneName(zone)} ({countdown(key.expiresAt, now)})
          </Fact>
        )}
        {!key && destroyed && (
          <Fact name="Last key" testid="delegation-destroyed">
            <span title={destroyed.address}>{shortened(destroyed.address, 6)}</span> destroyed{" "}
            {clock(destroyed.at, zone)}: {words(destroyed.reason)}
          </Fact>
        )}
        {sent && (
          <Fact name={`Last ${sent.kind}`} testid="delegation-sent">
            {sent.status}
            {sent.slot !== null && ` in slot ${sent.slot.toLocaleString("en-US")}`}
            {sent.code !== null && `, error ${sent.code}`},{" "}
            <span title={sent.signature}>{shortened(sent.signature, 6)}</span>
          </Fact>
        )}
      </dl>
      {key && (
        <p className="text-muted text-xs">
          At its end the key is destroyed, and the desk can change or close nothing any more; stops
          and take-profits that rest on the venue stay. The chain names the dead key until you
          revoke it or delegate anew.
        </p>
      )}
    </section>
  );
}

/** What comes next for the owner; one thing at a time. */
function OwnerSteps({ delegation }: { delegation: Delegation }) {
  const state = badgeState(delegation);
  if (state === "active" || state === "revoking") return <RevokeSection delegation={delegation} />;
  if (state === "submitted")
    return (
      <p role="status" data-testid="delegation-submitted" className="text-sm">
        Sent. This window follows it: it counts once the chain names the key.
      </p>
    );
  return (
    <>
      {delegation.consent?.isCurrent ? <DelegateStep delegation={delegation} /> : <ConsentForm />}
      {delegation.onChain && <RevokeSection delegation={delegation} />}
    </>
  );
}

function DelegateStep({ delegation }: { delegation: Delegation }) {
  const { zone } = usePreferences();
  const ask = useOffer("delegate");
  const now = useChainNow(delegation);
  const open = delegation.offer?.kind === "delegate" ? delegation.offer : null;
  return (
    <section data-testid="delegation-delegate" className="flex flex-col gap-3">
      <h3 className="font-semibold">Name this desk's key</h3>
      {delegation.consent && (
        <p data-testid="consent-receipt" className="text-muted text-sm">
          You agreed at {clock(delegation.consent.at, zone)} {zoneName(zone)}; receipt{" "}
          <span className="num">{shortened(delegation.consent.id, 6)}</span>.
        </p>
      )}
      {open ? (
        <OfferCard
          key={open.txId}
          offer={open}
          now={now}
          onRebuild={() => ask.mutate(undefined)}
          isRebuilding={ask.isPending}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-60 flex-1 text-muted text-sm">
            The desk makes a key that lives for 24 hours and keeps it sealed. Your wallet names it
            with one transaction that moves no funds.
          </p>
          <Button
            variant="primary"
            data-testid="delegate-button"
            disabled={ask.isPending}
            onClick={() => ask.mutate(undefined)}
          >
            {ask.isPending ? "Requested …" : "Delegate …"}
          </Button>
        </div>
      )}
      {ask.error && (
        <p role="status" data-testid="delegate-said" className="text-sm text-warn">
          {sentence(ask.error)}
        </p>
      )}
    </section>
  );
}
