import { useCallback } from "react";
import { sentence } from "@/api/client";
import { Address } from "@/components/address";
import { KeptFocus } from "@/components/kept-focus";
import { Empty, Panel } from "@/components/panel";
import { Badge, type Tone } from "@/components/ui/badge";
import { useIsOffline } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { type Delegation, useChainNow, useDelegation } from "@/features/delegation/use-delegation";
import { number, plural, words } from "@/lib/text";
import { clock, zoneName } from "@/lib/time";
import { EffectTable } from "./effect";
import type { Shown } from "./shown";
import { SignCard } from "./sign-card";
import { type ByHand, useByHand, useDecline, useHandIn, useShownOffers } from "./use-by-hand";

const SHOWN_MAX = 5;
const TONES: Record<string, Tone> = {
  landed: "good",
  failed: "bad",
  refused: "bad",
  expired: "warning",
};

/** What waits for the owner's wallet, and what came of what it signed; nothing with a delegate. */
export function ManualSign() {
  const { data: byHand } = useByHand();
  const { data: delegation } = useDelegation();
  const isOffline = useIsOffline();
  if (!byHand || !delegation || byHand.mode !== "manual") return null;
  const { offers, blockHeight } = byHand;
  return (
    <Panel
      testid="manual-sign"
      title="Signed by hand"
      age={blockHeight === null ? "height of the chain unknown" : `block ${number(blockHeight)}`}
      isStale={isOffline}
      actions={
        offers.length > 0 && (
          <Badge tone="warning" data-testid="manual-sign-waiting">
            {offers.length === 1 ? "1 waits" : `${offers.length} wait`} for the wallet
          </Badge>
        )
      }
      bodyClassName="flex flex-col gap-4"
    >
      <KeptFocus>
        <Offers byHand={byHand} delegation={delegation} />
      </KeptFocus>
      <SignedList signed={byHand.signed} />
      <EndedList ended={byHand.ended} />
      <ul
        data-testid="manual-sign-notes"
        className="flex list-disc flex-col gap-1 pl-5 text-muted text-xs"
      >
        {byHand.notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </Panel>
  );
}

function Offers({ byHand, delegation }: { byHand: ByHand; delegation: Delegation }) {
  const now = useChainNow(delegation);
  const { shown, hold, close } = useShownOffers(byHand);
  if (shown.length === 0)
    return (
      <Empty testid="manual-sign-empty">
        Nothing waits for the wallet. Whatever the desk wants to do is asked for here.
      </Empty>
    );
  if (!byHand.mayAct)
    return (
      <p data-testid="manual-sign-not-owner" className="wrap-anywhere text-sm">
        {plural(byHand.offers.length, "transaction")} for {byHand.wallet} to sign: only that wallet
        can. Sign in with it to see them here.
      </p>
    );
  return (
    <ul className="grid gap-4 lg:grid-cols-2">
      {shown.map((one) => (
        <li
          key={one.offer.txId}
          data-testid="manual-sign-card"
          data-outcome={one.outcome ?? undefined}
        >
          <Card
            shown={one}
            cluster={delegation.venue.cluster}
            now={now}
            hold={hold}
            close={close}
          />
        </li>
      ))}
    </ul>
  );
}

interface CardProps {
  shown: Shown;
  cluster: string;
  now: number;
  hold(txId: string, isHeld: boolean): void;
  close(txId: string): void;
}

function Card({ shown: { offer, outcome }, cluster, now, hold, close }: CardProps) {
  const handIn = useHandIn();
  const decline = useDecline();
  const onHeld = useCallback((isHeld: boolean) => hold(offer.txId, isHeld), [hold, offer.txId]);
  return (
    <SignCard
      transaction={{ ...offer, kind: "manual" }}
      cluster={cluster}
      now={now}
      submit={(base64) => handIn.mutateAsync({ txId: offer.txId, base64 })}
      onDecline={() => decline.mutate(offer.txId)}
      outcome={outcome}
      onClose={() => close(offer.txId)}
      onHeld={onHeld}
    >
      <EffectTable effect={offer.effect} rehearsed={offer.rehearsed} />
      {outcome === null && (
        <p data-testid="manual-sign-countdown" className="num text-muted text-xs">
          {offer.blocksLeft === null
            ? "How many blocks are left is unknown: nobody reads the chain now."
            : `${plural(offer.blocksLeft, "block")} left`}
          {offer.isReplacedEarly && "; a fresh one replaces it before its last 20"}
        </p>
      )}
      {decline.error && (
        <p role="status" data-testid="manual-sign-said" className="text-sm text-warn">
          {sentence(decline.error)}
        </p>
      )}
    </SignCard>
  );
}

function SignedList({ signed }: { signed: ByHand["signed"] }) {
  if (signed.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-2xs text-muted">Signed, the newest first</h3>
      <ul data-testid="manual-signed" className="flex flex-col gap-1.5 text-xs">
        {signed.slice(0, SHOWN_MAX).map((one) => (
          <li key={one.txId} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Badge tone={TONES[one.status] ?? "plain"} data-status={one.status}>
              {one.status}
            </Badge>
            {one.signature && (
              <Address of={one.signature} testid="manual-signature" className="text-left" />
            )}
            <span className="text-muted">
              {one.slot !== null && `slot ${number(one.slot)} `}
              {one.why ?? words(one.reason)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const OUTCOMES: Record<string, string> = {
  expired: "not signed in time",
  replaced: "replaced by a newer one",
  unwanted: "not wanted any more",
  declined: "declined",
  mode: "somebody else signs",
};

function EndedList({ ended }: { ended: ByHand["ended"] }) {
  const { zone } = usePreferences();
  if (ended.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-2xs text-muted">
        Asked for and not signed, the newest first, {zoneName(zone)}
      </h3>
      <ul data-testid="manual-ended" className="flex flex-col gap-1.5 text-xs">
        {ended.slice(0, SHOWN_MAX).map((one) => (
          <li key={one.txId} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="num text-muted">{clock(one.endedAt, zone)}</span>
            <Badge data-outcome={one.outcome}>{OUTCOMES[one.outcome] ?? words(one.outcome)}</Badge>
            <span>{one.title}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
