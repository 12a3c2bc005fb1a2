import { type ReactNode, useEffect } from "react";
import { Button } from "@/components/ui/button";
import { shortened } from "@/lib/text";
import type { Unsigned } from "@/wallet/signing";
import { Countdown } from "./countdown";
import { type Phase, useSigning } from "./use-signing";

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
  /** Asks for the transaction anew, with a fresh blockhash; without it, another comes by itself. */
  onRebuild?(): void;
  isRebuilding?: boolean;
  /** Says that it is not wanted. */
  onDecline?(): void;
  /** How it ended, where that is told before its time is over: `expired`, `unwanted`, … */
  outcome?: string | null;
  /** Takes it away once it is over. */
  onClose?(): void;
  /** Hears whether a person is not done with it: the wallet asks, or a refusal is to be read. */
  onHeld?(isHeld: boolean): void;
  /** What more there is to know before it is signed. */
  children?: ReactNode;
}

/**
 * What the wallet is asked to sign, how long it can, and the button. Give it the `txId` as its key:
 * another transaction begins afresh.
 */
export function SignCard({ transaction, cluster, now, ...props }: SignCardProps) {
  const { isDangerous = false, submit, onRebuild, isRebuilding = false, onDecline } = props;
  const { outcome = null, onClose, onHeld } = props;
  const { phase, refusal, isDeclined, sign } = useSigning({
    unsigned: transaction,
    cluster,
    submit,
  });
  const { summary, kind } = transaction;
  const left = outcome ? 0 : Date.parse(transaction.expiresAt) - now;
  const end = outcome ?? (left <= 0 ? "expired" : null);
  const isDead = end !== null || refusal?.needsRebuild === true;
  const isHeld = phase === "wallet" || phase === "sending" || refusal !== null;
  useEffect(() => onHeld?.(isHeld), [isHeld, onHeld]);
  return (
    <div
      data-testid={`offer-${kind}`}
      className="flex flex-col gap-3 rounded-xl border border-control p-4"
    >
      <h3 className="font-semibold">{summary.title}</h3>
      <Countdown
        left={left}
        expiresAt={transaction.expiresAt}
        now={now}
        over={end === "expired" ? "expired" : "withdrawn"}
      />
      <ul data-testid="offer-summary" className="flex list-disc flex-col gap-1 pl-5 text-sm">
        {summary.lines.map((line) => (
          <li key={line} className="wrap-anywhere">
            {line}
          </li>
        ))}
      </ul>
      {props.children}
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
          {refusal.detail && (
            <p data-testid="offer-refusal-detail" className="wrap-anywhere text-muted text-xs">
              {refusal.detail}
            </p>
          )}
        </div>
      )}
      <div className="flex flex-wrap items-center justify-end gap-3">
        <p role="status" data-testid="offer-said" className="min-w-48 flex-1 text-muted text-sm">
          {sayOf({ phase, end, isDeclined, isRefused: refusal !== null })}
          {isDead && !onRebuild && phase !== "sent" && " The desk asks anew while it is needed."}
        </p>
        {onDecline && phase === "idle" && !isDead && (
          <Button size="large" data-testid="offer-decline" onClick={onDecline}>
            Do not sign
          </Button>
        )}
        {outcome && onClose && (
          <Button size="large" data-testid="offer-close" onClick={onClose}>
            Close
          </Button>
        )}
        {isDead && phase !== "sent" ? (
          onRebuild && (
            <Button
              variant="primary"
              size="large"
              data-testid="offer-rebuild"
              disabled={isRebuilding}
              onClick={onRebuild}
            >
              {isRebuilding ? "Requested …" : "Build it anew"}
            </Button>
          )
        ) : (
          <Button
            variant={isDangerous ? "danger" : "primary"}
            size="large"
            data-testid={BUTTONS[kind] ?? "offer-sign"}
            // Disabled for good it would lose the focus of who signs with keys.
            aria-disabled={phase !== "idle"}
            onClick={() => phase === "idle" && void sign()}
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

const BUTTONS: Record<string, string> = { manual: "manual-sign-button", revoke: "revoke-confirm" };

const SIGN: Record<Phase, string> = {
  idle: "Sign in the wallet",
  wallet: "Waiting for the wallet …",
  sending: "Handing it in …",
  sent: "Signed",
};

/** How it ended, for a person who was looking at it, and for one whose wallet still asks. */
const ENDS: Record<string, [idle: string, asking: string]> = {
  expired: [
    "It expired: its blockhash is too old for a block. Nothing was sent.",
    "It expired while the wallet waited. Decline it there.",
  ],
  unwanted: [
    "It is not wanted any more: a stop, a fill or the market changed the plan. Nothing was sent.",
    "It is not wanted any more: a stop, a fill or the market changed the plan. Decline it in the wallet.",
  ],
  replaced: [
    "A newer transaction took its place. Nothing was sent.",
    "A newer transaction took its place. Decline this one in the wallet.",
  ],
};
const OVER: [idle: string, asking: string] = [
  "It can be signed no more.",
  "It can be signed no more. Decline it in the wallet.",
];

interface Said {
  phase: Phase;
  /** How it ended. */
  end: string | null;
  isDeclined: boolean;
  isRefused: boolean;
}

function sayOf({ phase, end, isDeclined, isRefused }: Said): string {
  if (phase === "sent") return "Handed in: it is on its way.";
  if (phase === "sending") return "The gateway compares it with what was offered.";
  if (end) {
    const [idle, asking] = ENDS[end] ?? OVER;
    if (phase === "wallet") return asking;
    return isRefused ? "" : idle;
  }
  if (phase === "wallet") return "Your wallet asks you now. Compare what it shows with the above.";
  return isDeclined ? "Declined in the wallet. Nothing was sent; it can still be signed." : "";
}
