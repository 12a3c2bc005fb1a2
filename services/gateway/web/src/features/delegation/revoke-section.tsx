import { sentence } from "@/api/client";
import { HoldButton } from "@/components/hold-button";
import { Button } from "@/components/ui/button";
import { SignCard } from "@/features/signing/sign-card";
import { StopResult } from "@/features/stop/stop-result";
import { useStop } from "@/features/stop/use-stop";
import { number, plural } from "@/lib/text";
import { type Delegation, useOffer, useShownOffer, useSubmit } from "./use-delegation";
import { VenuePage } from "./venue-page";

const FLATTEN_REASON = "flatten, then revoke";
/** Venues of this machine, which end with the desk. */
const HAS_NO_PAGE: ReadonlySet<string> = new Set(["paper", "localnet"]);

interface RevokeSectionProps {
  delegation: Delegation;
  now: number;
}

/** The way back: one transaction of the owner's wallet, and what it leaves open. */
export function RevokeSection({ delegation, now }: RevokeSectionProps) {
  const ask = useOffer("revoke");
  const submit = useSubmit();
  const offer = useShownOffer(delegation, "revoke");
  const { venue } = delegation;
  return (
    <section data-testid="delegation-revoke" className="flex flex-col gap-3">
      <h3 className="font-semibold">Take the right back</h3>
      <Exposure delegation={delegation} />
      {offer ? (
        <SignCard
          key={offer.txId}
          transaction={offer}
          cluster={venue.cluster}
          now={now}
          isDangerous
          submit={(base64) => submit.mutateAsync({ offer, base64 })}
          onRebuild={() => ask.mutate(undefined)}
          isRebuilding={ask.isPending}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-60 flex-1 text-muted text-sm">
            One transaction of your wallet names no delegate; the desk's key is then destroyed. It
            works while the desk is stopped.
            {!HAS_NO_PAGE.has(venue.cluster) && (
              <>
                {" Should this desk be away, remove the delegate on the venue's own page"}
                {venue.accountPage && (
                  <>
                    {": "}
                    <VenuePage address={venue.accountPage} testid="revoke-elsewhere" />
                  </>
                )}
                .
              </>
            )}
          </p>
          <Button
            variant="danger"
            size="large"
            data-testid="revoke-button"
            disabled={ask.isPending}
            onClick={() => ask.mutate(undefined)}
          >
            {ask.isPending ? "Requested …" : "Revoke …"}
          </Button>
        </div>
      )}
      {ask.error && (
        <p role="status" data-testid="revoke-said" className="text-sm text-warn">
          {sentence(ask.error)}
        </p>
      )}
    </section>
  );
}

/** What a revoke leaves behind, and the way to be out before it; it follows the flattening. */
function Exposure({ delegation }: { delegation: Delegation }) {
  const { stopping, stop } = useStop();
  const { isOpen, base, orders } = delegation.position;
  if (!isOpen && orders === 0 && !stopping) return null;
  const flatten = () => void stop({ level: "flatten", scope: "account", reason: FLATTEN_REASON });
  return (
    <div
      data-testid="revoke-warning"
      className="flex flex-col gap-3 rounded-xl border border-warn/70 p-4 text-sm"
    >
      {isOpen ? (
        <p>
          <strong className="num text-warn">{number(base, { signed: true })} is open.</strong> After
          a revoke the bot can no longer close it. Its stop and take-profits on the venue stay;
          orders that would add to it are canceled.
        </p>
      ) : orders > 0 ? (
        <p>
          <strong className="text-warn">{plural(orders, "order")} open.</strong> The revoke cancels
          all of them in the same transaction.
        </p>
      ) : (
        <p data-testid="revoke-flat">
          <strong className="text-info">Flat.</strong> Nothing stays behind: now revoke.
        </p>
      )}
      {stopping && <StopResult stopping={stopping} again={flatten} />}
      {isOpen && !stopping && (
        <div className="flex flex-wrap items-center justify-end gap-3">
          <p className="min-w-48 flex-1 text-muted">
            To be out first: close it at the market, then revoke. That stops automation until
            someone resumes.
          </p>
          <HoldButton
            variant="danger"
            size="large"
            data-testid="flatten-then-revoke"
            onHeld={flatten}
          >
            Hold: flatten, then revoke
          </HoldButton>
        </div>
      )}
    </div>
  );
}
