import { expect, test } from "vitest";
import type { Order, State } from "@/api/client";
import { stepsOf } from "./steps";
import type { Stopping } from "./use-stop";

const ENTRY = { orderId: "e1", leg: "entry", isOpen: true } as Order;
const STOP = { orderId: "s1", leg: "stop", isOpen: true } as Order;

function desk(pos: number, quantityBase: string, orders: Order[] = []): State {
  const state = { pos: String(pos), isHalted: true, position: { quantityBase }, orders, halts: [] };
  return state as unknown as State;
}

function flatten(before: State | null, pos: string | null = "10"): Stopping {
  const answer = { pos, asked: "flatten", level: "flatten", scope: "account" };
  return { level: "flatten", scope: "account", before, answer, tookMs: 5, error: null } as Stopping;
}

const told = (before: State | null, now: State | null) =>
  stepsOf(flatten(before), now, null).map(({ text, status }) => `${status}: ${text}`);

test("a stop is done once the desk that holds it has nothing open", () => {
  expect(told(desk(9, "5", [STOP]), desk(12, "0", [{ ...STOP, isOpen: false }]))).toEqual([
    "done: Recorded at position 10, after 5 ms.",
    "done: New entries are blocked.",
    "done: No entry was resting.",
    "done: The position of +5 is closed.",
    "done: 1 of 1 stop and take-profit order gone.",
  ]);
});

test("nothing is done by a desk that is older than the stop, or that nobody knows", () => {
  for (const now of [desk(9, "0"), null])
    expect(told(now, now)).toEqual([
      "done: Recorded at position 10, after 5 ms.",
      "pending: New entries are blocked.",
      "pending: What is open is read.",
    ]);
});

test("what came up while the stop was on its way is to be closed too", () => {
  const came = told(desk(9, "0"), desk(12, "5", [ENTRY, STOP]));
  expect(came.slice(2)).toEqual([
    "pending: 0 of 1 resting entry order gone.",
    "pending: The position of +5: +5 left.",
    "pending: 0 of 1 stop and take-profit order gone.",
  ]);
  expect(told(null, desk(12, "-2")).at(-1)).toBe("pending: The position of −2: −2 left.");
});

test("a stop that the log took later is told of once the desk shows it", () => {
  const stopping = flatten(desk(9, "0"), null);
  const of = (state: State) => stepsOf(stopping, state, null).map(({ status }) => status);
  expect(of(desk(12, "0"))[0]).toBe("pending");
  const halts = [{ pos: "11" }] as State["halts"];
  expect(new Set(of({ ...desk(12, "0"), halts }))).toEqual(new Set(["done"]));
});
