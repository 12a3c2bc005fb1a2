/** The rules of risk in plain words, and their values with units. */
import { number, plural, words } from "@/lib/text";
import type { Finding } from "./verdicts";

interface RuleWords {
  /** What the rule keeps. */
  says: string;
  /** How the observed value is compared with the limit. */
  is: "at most" | "at least" | "below";
}

export const RULES: Record<string, RuleWords> = {
  not_halted: { says: "No kill switch is engaged.", is: "at most" },
  reconciled: { says: "The log and the venue agree about position and cash.", is: "at most" },
  engine_runs: { says: "The execution engine may take new risk.", is: "at most" },
  strategy_enabled: { says: "The strategy is switched on.", is: "at least" },
  inputs_fresh: { says: "The account was known up to the signal's bar, just now.", is: "at most" },
  inputs_complete: { says: "No trade is missing in the signal's window.", is: "at most" },
  prices_ordered: { says: "Stop, entry and targets stand in the side's order.", is: "at most" },
  one_position_per_market: { says: "The market holds no position or setup yet.", is: "at most" },
  daily_loss: { says: "The day's loss has not reached its limit.", is: "below" },
  quantity_min: { says: "The size is one that the venue takes.", is: "at least" },
  leverage: { says: "Exposure over equity stays under the cap with this entry.", is: "at most" },
  risk_per_trade: { says: "The stop loses no more than one setup may.", is: "at most" },
  priority_fee_cap: { says: "A transaction offers no more than the cap.", is: "at most" },
  liquidation_distance: {
    says: "Liquidation is four ATR(5m) away from the entry.",
    is: "at least",
  },
};

/** From everything to nothing, as the contract counts them. */
export const MODES = [
  "run",
  "degraded",
  "paused",
  "owner_reduce_only",
  "kill_cancel",
  "kill_flatten",
  "revoked",
];

const COUNTED: Record<string, string> = {
  kills: "kill",
  breaks: "break",
  trades: "trade",
  wrong_pairs: "wrong pair",
  positions: "position",
};
const UNITS: Record<string, string> = {
  pct: " %",
  x: "×",
  usd: " USD",
  ms: " ms",
  base: " base",
  microlamports: " µlamports per unit",
};
const DIGITS: Record<string, number> = { pct: 4, x: 4, usd: 4 };

/** Writes a value of a finding with its unit. */
export function valueText(value: string | null, unit: string): string {
  if (value === null) return "not known";
  if (unit === "switch") return Number(value) ? "on" : "off";
  if (unit === "mode") return words(MODES[Number(value)] ?? value);
  const counted = COUNTED[unit];
  if (counted) return plural(Number(value), counted);
  return `${rounded(value, DIGITS[unit] ?? null)}${UNITS[unit] ?? ` ${words(unit)}`}`;
}

/** Gives at most so many digits, and all where fewer would hide a difference from nothing. */
function rounded(value: string, digits: number | null): string {
  if (digits === null || Math.abs(Number(value)) < 10 ** -digits) return number(value);
  return number(String(Number(Number(value).toFixed(digits))));
}

/** Writes the limit of a finding with how it is meant. */
export function limitOf(finding: Finding): string {
  const isWord = finding.unit === "switch" || finding.unit === "mode";
  const is = isWord ? "" : (RULES[finding.rule]?.is ?? "");
  return `${is} ${valueText(finding.limit, finding.unit)}`.trim();
}

/** Says in one sentence why a rule failed. */
export function whyOf(finding: Finding): string {
  if (finding.rule === "reconciled" && finding.observed === null)
    return "reconciled: the venue has not shown the account's money yet";
  return `${words(finding.rule)}: ${valueText(finding.observed, finding.unit)}, allowed ${limitOf(finding)}`;
}
