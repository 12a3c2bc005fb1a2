/** What each state of the delegation means, in words; the chain says which one it is. */
import type { Tone } from "@/components/ui/badge";
import { sol } from "@/lib/text";
import type { Delegation } from "./use-delegation";

export type BadgeState =
  | "none"
  | "awaiting"
  | "submitted"
  | "active"
  | "foreign"
  | "revoking"
  | "revoked"
  | "unknown";

export interface Standing {
  state: BadgeState;
  label: string;
  tone: Tone;
  /** Told apart without color: no two states share one. */
  mark: string;
  sentence: string;
}

const SOON_MS = 3_600_000;

const STATES: Record<BadgeState, Omit<Standing, "state">> = {
  none: {
    label: "no delegate",
    tone: "plain",
    mark: "○",
    sentence: "Nobody but the owner may sign. The strategy cannot enter.",
  },
  awaiting: {
    label: "awaiting signature",
    tone: "warning",
    mark: "◔",
    sentence:
      "A key was made and waits to be named by the owner's wallet. It may sign nothing yet.",
  },
  submitted: {
    label: "submitted",
    tone: "warning",
    mark: "◑",
    sentence: "The owner's transaction is on its way. It counts once the chain names the key.",
  },
  active: {
    label: "delegated",
    tone: "good",
    mark: "●",
    sentence: "The chain names this desk's key: it may place, change and cancel orders.",
  },
  foreign: {
    label: "foreign delegate",
    tone: "bad",
    mark: "▲",
    sentence:
      "The chain names a key that this desk does not know: whoever holds it can trade this account. Revoke it, unless you named it yourself. This desk signs nothing; stops on the venue stay.",
  },
  revoking: {
    label: "revoking",
    tone: "warning",
    mark: "◐",
    sentence: "The revoke is on its way. Nothing new is signed meanwhile.",
  },
  revoked: {
    label: "revoked",
    tone: "plain",
    mark: "⊘",
    sentence:
      "The chain names nobody any more: only the owner may sign. Stops that rest on the venue stay.",
  },
  unknown: {
    label: "delegate unknown",
    tone: "bad",
    mark: "?",
    sentence:
      "Execution does not read the chain now, so nobody here knows who may sign. What is shown below is as it was last seen.",
  },
};
const DEAD: Partial<Standing> = {
  label: "dead key named",
  tone: "warning",
  mark: "△",
  sentence:
    "The chain still names a key of this desk that was destroyed. Nobody can sign with it: this desk can close nothing, and stops on the venue stay. Delegate anew, or revoke it.",
};
const ENDING: Partial<Standing> = { label: "delegated, ends soon", tone: "warning", mark: "◕" };

/** Gives what to show of a delegation; `now` is the chain's time in ms. */
export function standingOf(delegation: Delegation, now: number): Standing {
  const state = badgeState(delegation);
  const { key, onChain, destroyed } = delegation;
  const isDead = state === "foreign" && destroyed?.address === onChain;
  const isEnding = state === "active" && key !== null && Date.parse(key.expiresAt) - now < SOON_MS;
  return { state, ...STATES[state], ...(isDead && DEAD), ...(isEnding && ENDING) };
}

/**
 * Gives the state to show. Execution tells what the chain names; a transaction of the owner's that
 * is on its way, or that landed and is not yet read, is told from one that waits to be signed.
 */
export function badgeState({ state, sent, key }: Delegation): BadgeState {
  const isKnown = state in STATES;
  if (!isKnown || state === "unknown") return "unknown";
  const isUnread = sent?.status === "sent" || sent?.status === "landed";
  if (state !== "active" && sent?.kind === "delegate" && isUnread && sent.delegate === key?.address)
    return "submitted";
  const isLeaving = sent?.kind === "revoke" && sent.status === "sent";
  if (isLeaving && (state === "active" || state === "foreign")) return "revoking";
  return state as BadgeState;
}

const NAMES: Record<string, string> = {
  venue_reading: "The venue is read",
  sub_account: "Sub-account",
  quote_mint: "Quote asset",
  deposit: "Deposit",
  leverage_cap: "Leverage cap in the program",
  owner_sol: "SOL of the owner",
  delegate_sol: "SOL of the delegate key",
  delegate: "Delegate on the chain",
  delegate_transfer: "Transfers by a delegate",
  key_store: "Store of sealed keys",
  kill: "Kill switch",
  consent: "Consent",
};

export function checkName(code: string): string {
  return NAMES[code] ?? code.replaceAll("_", " ");
}

/** Writes what a check found; lamports as SOL. */
export function foundText(found: string): string {
  const lamports = /^(\d+) lamports$/.exec(found)?.[1];
  return lamports === undefined ? found : sol(lamports);
}
