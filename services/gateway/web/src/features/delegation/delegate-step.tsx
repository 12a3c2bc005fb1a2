import { Link } from "@tanstack/react-router";
import { sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { usePreferences } from "@/desk/preferences";
import { SignCard } from "@/features/signing/sign-card";
import { shortened } from "@/lib/text";
import { moment } from "@/lib/time";
import { type Delegation, useOffer, useShownOffer, useSubmit } from "./use-delegation";

interface DelegateStepProps {
  delegation: Delegation;
  now: number;
  onLeave(): void;
}

/** The transaction that names this desk's key: asked for, then signed by the owner's wallet. */
export function DelegateStep({ delegation, now, onLeave }: DelegateStepProps) {
  const ask = useOffer("delegate");
  const submit = useSubmit();
  const offer = useShownOffer(delegation, "delegate");
  const { key, venue } = delegation;
  return (
    <section data-testid="delegation-delegate" className="flex flex-col gap-3">
      <Receipt delegation={delegation} now={now} onLeave={onLeave} />
      {offer ? (
        <SignCard
          key={offer.txId}
          transaction={offer}
          cluster={venue.cluster}
          now={now}
          submit={(base64) => submit.mutateAsync({ offer, base64 })}
          onRebuild={() => ask.mutate(undefined)}
          isRebuilding={ask.isPending}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-60 flex-1 text-sm">
            {key
              ? "A key of this desk waits to be named."
              : "The desk makes a key that lives for 24 hours, and keeps it sealed."}{" "}
            <span className="text-muted">
              Your wallet names it with one transaction. You see what it does before you sign.
            </span>
          </p>
          <Button
            variant="primary"
            size="large"
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

/** What was agreed to, and when: an event of the log. */
function Receipt({ delegation, now, onLeave }: DelegateStepProps) {
  const { zone } = usePreferences();
  const { consent } = delegation;
  if (!consent) return null;
  return (
    <p data-testid="consent-receipt" className="text-muted text-sm">
      You agreed at {moment(consent.at, zone, now)}; the receipt is{" "}
      <Link
        to="/"
        search={{ q: consent.textSha256 }}
        data-testid="consent-event"
        onClick={onLeave}
        className="num inline-flex min-h-6 items-center underline underline-offset-4 hover:text-ink"
      >
        event {shortened(consent.id, 6)}
      </Link>
      .
    </p>
  );
}
