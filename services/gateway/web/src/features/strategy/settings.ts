/** The account's limits: how they read, what a draft changes, and where it would be refused. */
import type { Settings } from "@/api/client";
import { number } from "@/lib/text";

export type LimitKey =
  | "max_leverage"
  | "risk_per_trade"
  | "daily_drawdown_limit"
  | "priority_fee_cap";

export interface Limit {
  key: LimitKey;
  name: string;
  unit: string;
  testid: string;
  help: string;
}

export const LIMITS: readonly Limit[] = [
  {
    key: "max_leverage",
    name: "Leverage, at most",
    unit: "×",
    testid: "leverage-input",
    help: "Exposure after an entry, over equity.",
  },
  {
    key: "risk_per_trade",
    name: "Risk per trade",
    unit: "bps",
    testid: "risk-select",
    help: "Equity that is lost when the stop is hit; 50 bps are 0.5 %.",
  },
  {
    key: "daily_drawdown_limit",
    name: "Daily drawdown, at most",
    unit: "%",
    testid: "drawdown-input",
    help: "After a loss of so much of equity in a UTC day there is no new entry.",
  },
  {
    key: "priority_fee_cap",
    name: "Priority fee, at most",
    unit: "µlamports/CU",
    testid: "priority-fee-input",
    help: "Micro-lamports for each compute unit of a transaction.",
  },
];

export type Draft = Record<LimitKey, string>;

export interface Change {
  name: string;
  unit: string;
  before: string;
  after: string;
}

export function draftOf(settings: Settings): Draft {
  return {
    max_leverage: settings.max_leverage,
    risk_per_trade: settings.risk_per_trade,
    daily_drawdown_limit: settings.daily_drawdown_limit,
    priority_fee_cap: String(settings.priority_fee_cap),
  };
}

/** Says what is wrong with a value; null when it can be sent. The gateway has the last word. */
export function invalid(key: LimitKey, text: string): string | null {
  const isWhole = key === "priority_fee_cap";
  const pattern = isWhole ? /^\d{1,12}$/ : /^\d{1,9}(\.\d{1,9})?$/;
  if (!pattern.test(text)) return isWhole ? "a whole number, as 50000" : "a plain number, as 2.5";
  return !isWhole && Number(text) <= 0 ? "more than 0" : null;
}

export function changesOf(settings: Settings, draft: Draft): Change[] {
  const now = draftOf(settings);
  return LIMITS.filter(({ key }) => draft[key] !== now[key]).map(({ key, name, unit }) => ({
    name,
    unit,
    before: number(now[key]),
    after: number(draft[key]),
  }));
}

export function withDraft(settings: Settings, draft: Draft): Settings {
  return {
    ...settings,
    max_leverage: draft.max_leverage,
    risk_per_trade: draft.risk_per_trade,
    daily_drawdown_limit: draft.daily_drawdown_limit,
    priority_fee_cap: Number(draft.priority_fee_cap),
  };
}

/** Puts what a draft changed on top of other settings. */
export function rebased(draft: Draft, from: Settings, onto: Settings): Draft {
  const [before, now] = [draftOf(from), draftOf(onto)];
  for (const { key } of LIMITS) if (draft[key] !== before[key]) now[key] = draft[key];
  return now;
}

/** Lists all that differs between two settings, switches too. */
export function differencesOf(before: Settings, now: Settings): Change[] {
  const switches = [
    ["strategy_enabled", "Strategy entries"],
    ["delegate_enabled", "Delegate"],
  ] as const;
  return [
    ...changesOf(before, draftOf(now)),
    ...switches
      .filter(([key]) => before[key] !== now[key])
      .map(([key, name]) => ({
        name,
        unit: "",
        before: before[key] ? "on" : "off",
        after: now[key] ? "on" : "off",
      })),
  ];
}
