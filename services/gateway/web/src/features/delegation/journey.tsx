import { Address } from "@/components/address";
import { Checklist, type Step } from "@/components/checklist";
import type { Delegation } from "./use-delegation";

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
      <Checklist steps={stepsOf(delegation)} />
    </div>
  );
}

/** Whether the transaction named another key than the one that signs now: it tells nothing of it. */
export function isPast({ state, sent, onChain }: Delegation): boolean {
  return state === "active" && sent?.kind === "delegate" && sent.delegate !== onChain;
}

function stepsOf({ sent, onChain }: Delegation): Step[] {
  if (!sent) return [];
  const steps: Step[] = [
    { testid: "journey-signed", text: "Signed by your wallet.", status: "done" },
  ];
  const slot = sent.slot?.toLocaleString("en-US");
  switch (sent.status) {
    case "sent":
      steps.push({ testid: "journey-block", text: "On its way to a block …", status: "pending" });
      break;
    case "landed":
      steps.push({
        testid: "journey-block",
        text: `In the block of slot ${slot}.`,
        status: "done",
      });
      break;
    case "failed":
      steps.push({
        testid: "journey-block",
        text: `The program refused it in slot ${slot}, with error ${sent.code}. Nothing changed but the fee: look at what is missing, then build it anew.`,
        status: "failed",
      });
      return steps;
    default:
      steps.push({
        testid: "journey-block",
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
      ? { testid: "journey-named", text: named, status: "done" }
      : { testid: "journey-named", text: unread, status: "pending" },
  );
  return steps;
}
