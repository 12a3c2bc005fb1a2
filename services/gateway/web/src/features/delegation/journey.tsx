import { Address } from "@/components/address";
import { cn } from "@/lib/cn";
import type { Delegation } from "./use-delegation";

type Status = "done" | "pending" | "failed";

interface Step {
  code: string;
  text: string;
  status: Status;
}

const MARKS: Record<Status, string> = { done: "✓", pending: "…", failed: "✗" };
const COLORS: Record<Status, string> = {
  done: "text-info",
  pending: "text-warn",
  failed: "text-bad",
};

/** The way of the owner's newest transaction: signed, sent, in a block, named by the chain. */
export function Journey({ delegation }: { delegation: Delegation }) {
  const { sent } = delegation;
  if (!sent || isPast(delegation)) return null;
  return (
    <div
      role="status"
      data-testid="delegation-journey"
      data-status={sent.status}
      className="flex flex-col gap-1.5 rounded-xl border border-edge px-4 py-3 text-sm"
    >
      <p className="flex flex-wrap items-baseline gap-x-2 text-muted">
        {sent.kind === "revoke" ? "Your revoke" : "Your delegation"}
        <Address of={sent.signature} testid="copy-signature" className="text-xs" />
      </p>
      <ul className="flex flex-col gap-1">
        {stepsOf(delegation).map(({ code, text, status }) => (
          <li
            key={code}
            data-testid={`journey-${code}`}
            data-status={status}
            className="flex items-start gap-2.5"
          >
            <span aria-hidden className={cn("num w-4 shrink-0 text-center", COLORS[status])}>
              {MARKS[status]}
            </span>
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whether the transaction named another key than the one that signs now: it tells nothing of it. */
export function isPast({ state, sent, onChain }: Delegation): boolean {
  return state === "active" && sent?.kind === "delegate" && sent.delegate !== onChain;
}

function stepsOf({ sent, onChain }: Delegation): Step[] {
  if (!sent) return [];
  const steps: Step[] = [{ code: "signed", text: "Signed by your wallet.", status: "done" }];
  const slot = sent.slot?.toLocaleString("en-US");
  switch (sent.status) {
    case "sent":
      steps.push({ code: "block", text: "On its way to a block …", status: "pending" });
      break;
    case "landed":
      steps.push({ code: "block", text: `In the block of slot ${slot}.`, status: "done" });
      break;
    case "failed":
      steps.push({
        code: "block",
        text: `The program refused it in slot ${slot}, with error ${sent.code}. Nothing changed but the fee: look at what is missing, then build it anew.`,
        status: "failed",
      });
      return steps;
    default:
      steps.push({
        code: "block",
        text: "No block took it while it could. Nothing changed: build it anew.",
        status: "failed",
      });
      return steps;
  }
  const isNamed = sent.kind === "revoke" ? onChain === null : onChain === sent.delegate;
  const named =
    sent.kind === "revoke" ? "The chain names nobody any more." : "The chain names the key.";
  const unread = sent.kind === "revoke" ? "The chain is read …" : "The chain is read for the key …";
  steps.push(
    isNamed
      ? { code: "named", text: named, status: "done" }
      : { code: "named", text: unread, status: "pending" },
  );
  return steps;
}
