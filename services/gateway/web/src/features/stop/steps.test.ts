import { expect, test } from "vitest";
import type { Order, State } from "@/api/client";
import { stepsOf } from "./steps";
import type { Stopping } from "./use-stop";

const ENTRY = { orderId: "e1", leg: "entry", isOpen: true } as Order;
const STOP = { orderId: "s1", leg: "stop", isOpen: true } as Order;

function desk(pos: number, quantityBase: string, orders: Order[] = []): State {
  const state = {
    pos: String(pos),
    isHalted: true,
    position: { quantityBase },
    orders,
    halts: [],
    transactions: [],
    services: [],
    engine: { mode: "kill_flatten" },
    account: { signing: "delegate" },
  };
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

function closing(status: string, reason: string, pos: string): Order {
  return { orderId: `c${pos}`, leg: "close", isOpen: false, status, reason, pos } as Order;
}

const left = (now: State) => stepsOf(flatten(desk(9, "5")), now, null)[3];

test("a close that came to nothing says why, and what to do", () => {
  const failed = desk(14, "5", [
    closing("canceled", "elsewhere", "8"), // before the stop: of another time
    closing("rejected", "insufficient_collateral", "12"),
    closing("canceled", "price_moved", "14"),
  ]);
  const { text, status } = left(failed) ?? {};
  expect(status).toBe("failed");
  expect(text).toMatch(
    /^The position of \+5: \+5 left\. 2 closes did not fill it, the last: price moved\./,
  );
  expect(text).toContain("venue's own page");
  expect(left(desk(14, "5", [{ ...closing("resting", "", "12"), isOpen: true }]))?.status).toBe(
    "pending",
  );
  expect(left({ ...failed, ...desk(15, "0") })?.status).toBe("done");
});

test("a close whose transaction died is told before its order is over", () => {
  const order = { ...closing("intended", "", "12"), isOpen: true };
  const died = { fate: "dead", orderIds: ["c12"], pos: "13", why: "no block took it in time" };
  const now = { ...desk(14, "5", [order]), transactions: [died] } as unknown as State;
  expect(left(now)?.text).toContain("1 close did not fill it, the last: no block took it in time.");
});

test("a close counts once, though its transactions died before it was rejected", () => {
  const transactions = ["12", "13"].map((pos) => ({
    fate: "dead",
    orderIds: ["c14", "s1"],
    pos,
    why: "",
  }));
  const orders = [closing("rejected", "price_moved", "14"), STOP];
  const now = { ...desk(15, "5", orders), transactions } as unknown as State;
  expect(left(now)?.text).toContain("1 close did not fill it, the last: price moved.");
  const filled = { ...now, orders: [closing("filled", "", "14"), STOP] };
  expect(left(filled)?.text).toBe("The position of +5: +5 left.");
});

test("who cannot send a close says who can", () => {
  const now = desk(12, "5");
  const revoked = { ...now, engine: { mode: "revoked" } } as State;
  const byHand = { ...now, account: { signing: "manual" } } as State;
  const away = { ...now, services: [{ name: "execution", isUp: false }] } as State;
  expect(left(revoked)).toMatchObject({ status: "failed" });
  expect(left(revoked)?.text).toContain("may not sign");
  expect(left(byHand)?.text).toContain("sign the close");
  expect(left(away)?.text).toContain("Execution does not answer");
});
