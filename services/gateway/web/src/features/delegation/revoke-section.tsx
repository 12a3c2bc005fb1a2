import { sentence } from "@/api/client";
import { HoldButton } from "@/components/hold-button";
import { Button } from "@/components/ui/button";
import { useStop } from "@/features/stop/use-stop";
import { number, plural } from "@/lib/text";
import { OfferCard } from "./offer-card";
import { type Delegation, useChainNow, useOffer } from "./use-delegation";

/** The way back: one transaction of the owner's wallet, and what it leaves open. */
export function RevokeSection({ delegation }: { delegation: Delegation }) {
  const revoke = useOffer("revoke");
  const now = useChainNow(delegation);
  const { position, offer } = delegation;
  const open = offer?.kind === "revoke" ? offer : null;
  return (
    <section data-testid="delegation-revoke" className="flex flex-col gap-3">
      <h3 className="font-semibold">Take the right back</h3>
      {position.isOpen && <OpenPosition delegation={delegation} />}
      {open ? (
        <OfferCard
          key={open.txId}
          offer={open}
          now={now}
          onRebuild={() => revoke.mutate(undefined)}
          isRebuilding={revoke.isPending}
        />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-60 flex-1 text-muted text-sm">
            One transaction of your wallet cancels {plural(position.orders, "open order")} and names
            no delegate. It works while the desk is stopped. Should this desk be away, do it on the
            venue's own page.
          </p>
          <Button
            variant="danger"
            data-testid="revoke-button"
            disabled={revoke.isPending}
            onClick={() => revoke.mutate(undefined)}
          >
            {revoke.isPending ? "Requested …" : "Revoke …"}
          </Button>
        </div>
      )}
      {revoke.error && (
        <p role="status" data-testid="revoke-said" className="text-sm text-warn">
          {sentence(revoke.error)}
        </p>
      )}
    </section>
  );
}

function OpenPosition({ delegation }: { delegation: Delegation }) {
  const { stopping, stop } = useStop();
  return (
    <div
      data-testid="revoke-warning"
      className="flex flex-wrap items-center gap-3 rounded-xl border border-warn/70 p-3"
    >
      <p className="min-w-60 flex-1 text-sm">
        <strong className="num text-warn">
          {number(delegation.position.base, { signed: true })} is open.
        </strong>{" "}
        After a revoke the desk can no longer close it. Its stop and take-profits on the venue stay.
        {stopping && (
          <span role="status" className="mt-1 block text-warn">
            {stopping.error ?? "Flatten was requested: it closes at the market. Revoke once flat."}
          </span>
        )}
      </p>
      <HoldButton
        variant="danger"
        data-testid="flatten-then-revoke"
        disabled={stopping !== null && stopping.error === null}
        onHeld={() => void stop("flatten", "flatten, then revoke")}
      >
        Hold: flatten first
      </HoldButton>
    </div>
  );
}
