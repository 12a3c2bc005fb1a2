/** What a sum of money is called by its sign, and what the engine's mode means to a trader. */
import { usd, words } from "@/lib/text";

/** Gives the name of fees, and their sum without its sign: less than nothing is a rebate. */
export function feesOf(feesUsd: string | null): { name: string; sum: string } {
  return Number(feesUsd) < 0
    ? { name: "Rebates less fees", sum: usd(feesUsd?.replace("-", ""), true) }
    : { name: "Fees paid", sum: usd(feesUsd) };
}

export function fundingName(fundingUsd: string | null): string {
  return Number(fundingUsd) < 0 ? "Funding paid" : "Funding received";
}

export function interestName(interestUsd: string): string {
  return Number(interestUsd) < 0 ? "Interest paid" : "Interest received";
}

const MODES: Record<string, string> = {
  run: "on",
  degraded: "no new risk",
  paused: "entries paused",
  owner_reduce_only: "reduce-only by the owner",
  kill_cancel: "stopped, no entries",
  kill_flatten: "stopped, flattened",
  revoked: "off, may not sign",
};

/** Says what the desk may do now. */
export function modeText(mode: string): string {
  return MODES[mode] ?? words(mode);
}
