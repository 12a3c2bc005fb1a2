import { type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";
import { shortened } from "@/lib/text";
import { countdown } from "@/lib/time";
import type { Unsigned } from "@/wallet/signing";
import { type Phase, useSigning } from "./use-signing";

const SOON_MS = 15_000;

/** A transaction of the gateway, with what it does in words; `OfferView` is one. */
export interface Signable extends Unsigned {
  txId: string;
  kind: string;
  summary: { title: string; lines: string[]; warnings: string[] };
  blockhash: string;
  lastValidBlockHeight: number;
  /** By the chain's clock. */
  expiresAt: string;
}

interface SignCardProps {
  transaction: Signable;
  /** Where it goes: `mainnet`, `paper`, … */
  cluster: string;
  /** The chain's time, in ms. */
  now: number;
  isDangerous?: boolean;
  submit(signed: string): Promise<unknown>;
  /** Asks for the transaction anew, with a fresh blockhash. */
  onRebuild(): void;
  isRebuilding: boolean;
}

/**
 * What the wallet is asked to sign, how long it can, and the button. Give it the `txId` as its key:
 * another transaction begins afresh.
 */
export function SignCard({ transaction, cluster, now, ...props }: SignCardProps) {
  const { isDangerous = false, submit, onRebuild, isRebuilding } = props;
  const { phase, refusal, sign } = useSigning({ unsigned: transaction, cluster, submit });
  const { summary, kind } = transaction;
  const left = Date.parse(transaction.expiresAt) - now;
  const isOver = left <= 0;
  const isDead = isOver || refusal?.needsRebuild === true;
  return (
    <div
      data-testid={`offer-${kind}`}
      className="flex flex-col gap-3 rounded-xl border border-control p-4"
    >
      <h3 className="font-semibold">{summary.title}</h3>
      <Countdown left={left} expiresAt={transaction.expiresAt} now={now} />
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
          className="border-warn border-l-4 pl-3 text-sm"
        >
          {warning}
        </p>
      ))}
      {refusal && (
        <div
          role="alert"
          data-testid="offer-refusal"
          data-code={refusal.code}
          className="border-bad border-l-4 pl-3 text-sm"
        >
          <p className="font-semibold">{refusal.title}</p>
          <p className="wrap-anywhere">{refusal.text}</p>
        </div>
      )}
      <div className="flex flex-wrap items-center justify-end gap-3">
        <p role="status" data-testid="offer-said" className="min-w-48 flex-1 text-muted text-sm">
          {sayOf(phase, isOver)}
        </p>
        {isDead && phase !== "sent" ? (
          <Button
            variant="primary"
            size="large"
            data-testid="offer-rebuild"
            disabled={isRebuilding}
            onClick={onRebuild}
          >
            {isRebuilding ? "Requested …" : "Build it anew"}
          </Button>
        ) : (
          <Button
            variant={isDangerous ? "danger" : "primary"}
            size="large"
            data-testid="offer-sign"
            disabled={phase !== "idle"}
            onClick={() => void sign()}
          >
            {SIGN[phase]}
          </Button>
        )}
      </div>
      <p className="num text-2xs text-muted">
        version 0, blockhash {shortened(transaction.blockhash, 6)}, lands up to block{" "}
        {transaction.lastValidBlockHeight.toLocaleString("en-US")}
      </p>
    </div>
  );
}

const SIGN: Record<Phase, string> = {
  idle: "Sign in the wallet",
  wallet: "Waiting for the wallet …",
  sending: "Handing it in …",
  sent: "Signed",
};

function sayOf(phase: Phase, isOver: boolean): ReactNode {
  if (phase === "sent") return "Handed in: it is on its way.";
  if (phase === "sending") return "The gateway compares it with what was offered.";
  if (isOver)
    return phase === "wallet"
      ? "It expired while the wallet waited. Decline it there, then build it anew."
      : "It expired: its blockhash is too old for a block. Nothing was sent.";
  if (phase === "wallet") return "Your wallet asks you now. Compare what it shows with the above.";
  return "";
}

interface CountdownProps {
  left: number;
  expiresAt: string;
  now: number;
}

/** How long it can still be signed, as words and as a bar. */
function Countdown({ left, expiresAt, now }: CountdownProps) {
  const [whole] = useState(Math.max(1, left));
  const isSoon = left <= SOON_MS;
  const share = Math.min(1, Math.max(0, left / whole));
  return (
    <div className="flex items-center gap-3">
      <div aria-hidden className="h-1.5 min-w-0 flex-1 overflow-hidden rounded-full bg-raised">
        <div
          className={cn("h-full origin-left", isSoon ? "bg-warn" : "bg-info")}
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <span
        data-testid="offer-countdown"
        className={cn("num text-sm", isSoon ? "text-warn" : "text-muted")}
      >
        {left <= 0 ? "expired" : `${countdown(expiresAt, now)} left to sign`}
      </span>
      <span role="status" className="sr-only">
        {isSoon && left > 0 ? "Less than 15 seconds left to sign." : ""}
      </span>
    </div>
  );
}
