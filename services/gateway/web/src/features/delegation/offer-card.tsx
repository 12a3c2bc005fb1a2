import { toast } from "sonner";
import { sentence } from "@/api/client";
import { Button } from "@/components/ui/button";
import { shortened } from "@/lib/text";
import { countdown } from "@/lib/time";
import { Declined } from "@/wallet/wallets";
import { type Offer, useSubmit } from "./use-delegation";

interface OfferCardProps {
  offer: Offer;
  /** The chain's time, in ms. */
  now: number;
  /** Asks for the transaction anew, with a fresh blockhash. */
  onRebuild(): void;
  isRebuilding: boolean;
}

/** A transaction for the owner's wallet: what it does, how long it can be signed, and the button. */
export function OfferCard({ offer, now, onRebuild, isRebuilding }: OfferCardProps) {
  const submit = useSubmit();
  const { summary } = offer;
  const isOver = Date.parse(offer.expiresAt) <= now;
  const sign = () =>
    submit.mutate(offer, {
      onError: (error) => {
        if (error instanceof Declined)
          toast.message("Declined in the wallet. Nothing was sent.", { id: "declined" });
      },
    });
  return (
    <div
      data-testid={`offer-${offer.kind}`}
      className="flex flex-col gap-3 rounded-xl border border-control p-4"
    >
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h3 className="min-w-0 flex-1 font-semibold">{summary.title}</h3>
        <span
          data-testid="offer-countdown"
          className={isOver ? "num text-sm text-warn" : "num text-muted text-sm"}
        >
          {isOver ? "expired" : `${countdown(offer.expiresAt, now)} left to sign`}
        </span>
      </div>
      <ul data-testid="offer-summary" className="flex list-disc flex-col gap-1 pl-5 text-sm">
        {summary.lines.map((line) => (
          <li key={line} className="wrap-anywhere">
            {line}
          </li>
        ))}
      </ul>
      {summary.warnings.map((warning) => (
        <p
          key={warning}
          data-testid="offer-warning"
          className="border-warn border-l-4 pl-3 text-sm text-warn"
        >
          {warning}
        </p>
      ))}
      <p className="num text-2xs text-muted">
        blockhash {shortened(offer.blockhash, 6)}, lands up to block{" "}
        {offer.lastValidBlockHeight.toLocaleString("en-US")}
      </p>
      <div className="flex flex-wrap items-center gap-3">
        <p role="status" data-testid="offer-said" className="min-w-0 flex-1 text-sm text-warn">
          {submit.isPending
            ? "Look at your wallet: it asks for a signature …"
            : isOver
              ? "Its blockhash is too old. Nothing was sent."
              : failure(submit.error)}
        </p>
        {isOver ? (
          <Button data-testid="offer-rebuild" disabled={isRebuilding} onClick={onRebuild}>
            Build it anew
          </Button>
        ) : (
          <Button
            variant={offer.kind === "revoke" ? "danger" : "primary"}
            data-testid="offer-sign"
            disabled={submit.isPending}
            onClick={sign}
          >
            Sign in the wallet
          </Button>
        )}
      </div>
    </div>
  );
}

function failure(error: unknown): string {
  if (!error || error instanceof Declined) return "";
  return sentence(error);
}
