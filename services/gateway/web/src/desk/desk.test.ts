import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Activity, State } from "@/api/client";
import type { Desk as DeskType, MoneyAsOf } from "./desk";

const AT = "2026-03-02T10:00:00.000Z";
const LATER = "2026-03-02T10:00:01.000Z";
const state = (pos: string) =>
  ({
    pos,
    epoch: "e1",
    serverTime: AT,
    market: { tickUsd: "0.001" },
    account: { equityUsd: "100" },
    position: { quantityBase: "5" },
    services: [],
  }) as unknown as State;
const event = (pos: number) => ({ kind: "ev", pos: String(pos), level: "noise" }) as Activity;

class FakeSocket {
  static all: FakeSocket[] = [];
  readyState = 1;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor() {
    FakeSocket.all.push(this);
  }
  send() {}
  close() {}
  says(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** What the gateway answers, by the path of the request. */
let answers: Record<string, (query: URLSearchParams) => unknown>;
let cache: QueryClient;
let desk: DeskType;

beforeEach(async () => {
  FakeSocket.all = [];
  vi.stubGlobal("location", { origin: "http://desk", protocol: "http:", host: "desk" });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async ({ url }: Request) => {
    const { pathname, searchParams } = new URL(url);
    const said = await answers[pathname]?.(searchParams);
    return said === undefined
      ? Response.json({ code: "history_unavailable" }, { status: 503 })
      : Response.json(said);
  });
  answers = {
    "/api/state": () => state("2"),
    "/api/activity": () => ({ items: [event(2), event(1)], next: null, head: "2" }),
  };
  const { Desk } = await import("./desk");
  cache = new QueryClient();
  desk = new Desk(cache);
});

afterEach(() => {
  desk.stop();
  vi.unstubAllGlobals();
  vi.resetModules();
});

const shown = () => desk.activity.read().map((one) => one.pos);

test("money that comes with a price leaves the state as it is", async () => {
  await desk.start();
  const before = cache.getQueryData(["state"]);
  const money = { account: { equityUsd: "101" }, position: { quantityBase: "5" } };
  FakeSocket.all[0]?.says({ kind: "snap", topic: "money", asOf: LATER, data: money });
  expect(cache.getQueryData(["state"])).toBe(before);
  expect(cache.getQueryData<MoneyAsOf>(["live", "money"])).toEqual({ asOf: LATER, ...money });
  FakeSocket.all[0]?.says({ kind: "snap", topic: "money", asOf: AT, data: {} });
  expect(cache.getQueryData<MoneyAsOf>(["live", "money"])?.asOf).toBe(LATER);
});

test("thousands of events that are caught up on are told of a few times", async () => {
  vi.useFakeTimers();
  try {
    await desk.start();
    let told = 0;
    desk.subscribe(() => {
      told += 1;
    });
    for (let pos = 3; pos < 5_003; pos += 1) FakeSocket.all[0]?.says(event(pos));
    vi.advanceTimersByTime(250);
    expect(told).toBe(1);
    expect(desk.link.head).toBe("5002");
  } finally {
    vi.useRealTimers();
  }
});

test("a start that another one overtook shows nothing", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const said = answers["/api/activity"];
  answers["/api/activity"] = async (query) => {
    await held;
    return said?.(query);
  };
  const first = desk.start();
  const second = desk.start();
  release();
  await Promise.all([first, second]);
  expect(shown()).toEqual(["2", "1"]);
  expect(FakeSocket.all).toHaveLength(1);
});

test("the desk is live while the archive of older events is away", async () => {
  answers["/api/activity"] = (query) =>
    query.has("before") ? undefined : { items: [event(2)], next: "2", head: "2" };
  await desk.start();
  expect([shown(), FakeSocket.all.length, desk.failure]).toEqual([["2"], 1, null]);
});

test("an answer that comes after all was forgotten is not shown", async () => {
  await desk.start();
  answers["/api/state"] = () => state("3");
  desk.reload();
  desk.forget();
  await new Promise((resolve) => setTimeout(resolve));
  expect([cache.getQueryData(["state"]), shown()]).toEqual([undefined, []]);
});
