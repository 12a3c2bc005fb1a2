import { expect, it } from "vitest";
import { nextShown, type Shown } from "./shown";
import type { ByHand, HandOffer } from "./use-by-hand";

const offer = (txId: string, title = "Open") => ({ txId, summary: { title } }) as HandOffer;
const answer = (offers: HandOffer[], ended: Record<string, string> = {}) => ({
  offers,
  ended: Object.entries(ended).map(([txId, outcome]) => ({ txId, outcome })) as ByHand["ended"],
});
const NONE: ReadonlySet<string> = new Set();
const told = (shown: Shown[]) => shown.map((one) => [one.offer.txId, one.outcome]);
const first = nextShown([], answer([offer("a")]), NONE);

it("shows what stands, as it is told last", () => {
  const newer = { ...offer("a"), blocksLeft: 3 } as HandOffer;
  expect(nextShown(first, answer([newer]), NONE)).toEqual([{ offer: newer, outcome: null }]);
});

it.each(["expired", "unwanted", "replaced", "mode"])("tells that one is %s", (outcome) => {
  expect(told(nextShown(first, answer([], { a: outcome }), NONE))).toEqual([["a", outcome]]);
});

it("keeps none that was signed, or that the owner declined", () => {
  expect(nextShown(first, answer([]), NONE)).toEqual([]);
  expect(nextShown(first, answer([], { a: "declined" }), NONE)).toEqual([]);
});

it("lets a newer one that asks for the same take its place", () => {
  const next = answer([offer("b"), offer("c", "Stop")], { a: "expired" });
  expect(told(nextShown(first, next, NONE))).toEqual([
    ["b", null],
    ["c", null],
  ]);
});

it("keeps what the wallet still holds beside the newer one", () => {
  const next = answer([offer("b")], { a: "expired" });
  expect(told(nextShown(first, next, new Set(["a"])))).toEqual([
    ["a", "expired"],
    ["b", null],
  ]);
});

it("does not bring back one that ended before it was seen", () => {
  expect(nextShown([], answer([], { a: "expired" }), NONE)).toEqual([]);
});
