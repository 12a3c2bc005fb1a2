/** Which offers a window shows: those that stand, and those that ended before it was done with them. */
import type { ByHand, HandOffer } from "./use-by-hand";

export interface Shown {
  offer: HandOffer;
  /** How it ended; null while it stands. */
  outcome: string | null;
}

/**
 * Gives what to show after a new answer. An offer that ended stays where it is, so that its end is
 * told instead of the offer being gone: until it is closed, or a newer one asks for the same. What
 * the wallet still holds, or was refused, is not taken out of a person's hands.
 */
export function nextShown(
  before: readonly Shown[],
  { offers, ended }: Pick<ByHand, "offers" | "ended">,
  held: ReadonlySet<string>,
): Shown[] {
  const standing = new Map(offers.map((one) => [one.txId, one]));
  const outcomes = new Map(ended.map((one) => [one.txId, one.outcome]));
  const asked = new Set(offers.map((one) => one.summary.title));
  const kept = before.flatMap(({ offer }): Shown[] => {
    const now = standing.get(offer.txId);
    if (now) return [{ offer: now, outcome: null }];
    const outcome = outcomes.get(offer.txId);
    const isDone = outcome === undefined || outcome === "declined";
    if (isDone || (asked.has(offer.summary.title) && !held.has(offer.txId))) return [];
    return [{ offer, outcome }];
  });
  const known = new Set(kept.map((one) => one.offer.txId));
  const fresh = offers.filter((one) => !known.has(one.txId));
  return [...kept, ...fresh.map((offer) => ({ offer, outcome: null }))];
}
