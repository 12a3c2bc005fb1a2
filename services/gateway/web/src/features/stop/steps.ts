/**
 * What came of a stop, step by step.
 *
 * Only a state that holds the stop's own event proves anything: one that is older knows neither the
 * stop nor what happened on its way, and none at all is not a desk where nothing is open.
 */
import type { Order, State } from "@/api/client";
import type { Step } from "@/components/checklist";
import type { Delegation } from "@/features/delegation/use-delegation";
import { number, plural, shortened, words } from "@/lib/text";
import { levelOf } from "./levels";
import type { Stopping } from "./use-stop";

/** What a transaction came to that changed nothing. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(["failed", "dead"]);

export function stepsOf(
  stopping: Stopping,
  state: State | null,
  delegation: Delegation | null,
): Step[] {
  const { answer, before, level } = stopping;
  if (stopping.error) return [{ text: stopping.error, status: "failed" }];
  if (!answer) return [{ text: "The stop is on its way.", status: "pending" }];
  const pos = answer.pos ?? newHalt(before, state);
  const steps: Step[] = [recorded(pos, stopping)];
  if (answer.scope === "global")
    steps.push({
      text: "It stands for all accounts. What follows is of this one; the others tell of theirs.",
      status: "done",
    });
  if (answer.level !== answer.asked) {
    const stands = levelOf(answer.level)?.name.toLowerCase() ?? answer.level;
    steps.push({ text: `A higher level stands already, and stays: ${stands}.`, status: "done" });
  }
  const now = holds(state, pos) ? state : null;
  steps.push({ text: "New entries are blocked.", status: now?.isHalted ? "done" : "pending" });
  const closes = level === "flatten" || level === "revoke_delegate";
  if (!now) {
    if (level !== "pause_entries") steps.push({ text: "What is open is read.", status: "pending" });
  } else {
    if (level !== "pause_entries") steps.push(entries(before, now));
    if (closes) steps.push(position(before, now, pos), ...protection(before, now));
  }
  if (level === "revoke_delegate") steps.push(key(delegation));
  return steps;
}

/** Says whether a state was read after an event. */
function holds(state: State | null, pos: string | null): boolean {
  return state !== null && pos !== null && BigInt(state.pos) >= BigInt(pos);
}

/** Gives where a stop stands that the log took after the answer; null while none is seen. */
function newHalt(before: State | null, state: State | null): string | null {
  const known = new Set(before?.halts.map((one) => one.pos));
  return state?.halts.find((one) => !known.has(one.pos))?.pos ?? null;
}

function recorded(pos: string | null, { answer, tookMs }: Stopping): Step {
  if (!pos)
    return { text: "The log is away: it is recorded as soon as it answers.", status: "pending" };
  const after = answer?.pos ? `, after ${tookMs} ms` : "";
  return { text: `Recorded at position ${pos}${after}.`, status: "done" };
}

function entries(before: State | null, now: State): Step {
  const open = openOf([before, now], (one) => one.leg === "entry");
  return open.size === 0
    ? { text: "No entry was resting.", status: "done" }
    : gone(open, now, "resting entry order");
}

/** Stops and take-profits go last, once there is nothing to protect. */
function protection(before: State | null, now: State): Step[] {
  const open = openOf([before, now], (one) => one.leg !== "entry");
  return open.size === 0 ? [] : [gone(open, now, "stop and take-profit order")];
}

/** Gives the orders that were open in any of the states: one may have come after the first. */
function openOf(states: (State | null)[], isMeant: (order: Order) => boolean): Set<string> {
  const orders = states.flatMap((state) => state?.orders ?? []);
  return new Set(orders.filter((one) => one.isOpen && isMeant(one)).map((one) => one.orderId));
}

function gone(open: ReadonlySet<string>, now: State, noun: string): Step {
  const left = now.orders.filter((one) => one.isOpen && open.has(one.orderId)).length;
  const text = `${open.size - left} of ${plural(open.size, noun)} gone.`;
  return { text, status: left ? "pending" : "done" };
}

function position(before: State | null, now: State, pos: string | null): Step {
  const left = now.position.quantityBase;
  const isFlat = Number(left) === 0;
  const seen = before?.position.quantityBase ?? "0";
  // What was filled on the way is to be closed like what was open before.
  const held = Number(seen) === 0 ? left : seen;
  if (Number(held) === 0) return { text: "No position was open.", status: "done" };
  const of = `The position of ${number(held, { signed: true })}`;
  if (isFlat) return { text: `${of} is closed.`, status: "done" };
  const stands = `${of}: ${number(left, { signed: true })} left.`;
  const trouble = troubleOf(now, pos);
  return trouble
    ? { text: `${stands} ${trouble}`, status: "failed" }
    : { text: stands, status: "pending" };
}

/** Says why a position is not closed, and what to do; nothing while nothing has gone wrong. */
function troubleOf(now: State, pos: string | null): string | null {
  if (now.engine.mode === "revoked")
    return "This desk may not sign for the account any more, so it sends nothing: close it on the venue's own page with the owner's wallet. Its stop stays there.";
  if (now.account?.signing === "manual")
    return "The owner signs by hand: sign the close under “Signed by hand”, or close it on the venue's own page. Its stop stays.";
  const execution = now.services.find((one) => one.name === "execution");
  if (execution && !execution.isUp)
    return "Execution does not answer, so nothing is sent. It goes on once it is back; until then close it on the venue's own page. Its stop stays there.";
  const failed = closesOf(now, pos);
  const last = failed.at(-1);
  if (last === undefined) return null;
  return `${plural(failed.length, "close")} did not fill it, the last: ${last}. The desk tries again, each time at a price farther away, and its stop stays. If that goes on, close it on the venue's own page.`;
}

/**
 * Gives why each close since the stop came to nothing, the oldest first. A close counts once, however
 * many transactions of it came to nothing before it was over.
 */
function closesOf(now: State, pos: string | null): string[] {
  const isSince = (at: string) => pos !== null && BigInt(at) > BigInt(pos);
  return now.orders
    .filter((one) => one.leg === "close" && isSince(one.pos) && one.status !== "filled")
    .flatMap((one) => endOf(one, now) ?? [])
    .toSorted((a, b) => Number(BigInt(a.at) - BigInt(b.at)))
    .map(({ why }) => why);
}

/** Gives how a close came to nothing: as it ended, or as its last transaction did. */
function endOf(close: Order, now: State): { at: string; why: string } | null {
  if (!close.isOpen) return { at: close.pos, why: words(close.reason || close.status) };
  const last = now.transactions.findLast(
    (one) => WITHOUT_EFFECT.has(one.fate) && one.orderIds.includes(close.orderId),
  );
  return last ? { at: last.pos, why: last.why || last.fate } : null;
}

function key(delegation: Delegation | null): Step {
  if (!delegation) return { text: "Whether a delegate key lives.", status: "pending" };
  if (!delegation.isRequired)
    return { text: "The desk signs for itself: there is no delegate key.", status: "done" };
  if (delegation.key) {
    const text = `The delegate key ${shortened(delegation.key.address)} still lives, for two minutes at most.`;
    return { text, status: "pending" };
  }
  const gone = delegation.destroyed ? ` ${shortened(delegation.destroyed.address)}` : "";
  return { text: `The delegate key${gone} is destroyed.`, status: "done" };
}
