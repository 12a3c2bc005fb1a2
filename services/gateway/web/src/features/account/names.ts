/** What a sum of money is called by its sign, and what the engine's mode means to a trader. */
import { usd, words } from "@/lib/text";

/** A sum whose name says which way it went: it stands without its sign. */
export interface Named {
  name: string;
  sum: string;
}

/** Gives the name of fees, and their sum without its sign: less than nothing is a rebate. */
export function feesOf(feesUsd: string | null): Named {
  return Number(feesUsd) < 0
    ? { name: "Rebates less fees", sum: usd(unsigned(feesUsd), true) }
    : { name: "Fees paid", sum: usd(feesUsd) };
}

export const fundingOf = (fundingUsd: string | null) => flowOf("Funding", fundingUsd);

export const interestOf = (interestUsd: string) => flowOf("Interest", interestUsd);

function flowOf(what: string, amountUsd: string | null): Named {
  const sign = Math.sign(Number(amountUsd));
  const way = sign < 0 ? " paid" : sign > 0 ? " received" : "";
  return { name: `${what}${way}`, sum: usd(unsigned(amountUsd)) };
}

function unsigned(amount: string | null): string | null {
  return amount === null ? null : amount.replace("-", "");
}

const MODES: Record<string, string> = {
  run: "on",
  degraded: "no new risk",
  paused: "entries paused",
  owner_reduce_only: "reduce-only by the owner",
  kill_cancel: "stopped, no entries",
  kill_flatten: "stopped, to be flat",
  revoked: "off, may not sign",
};

/** Says what the desk may do now. */
export function modeText(mode: string): string {
  return MODES[mode] ?? words(mode);
}
