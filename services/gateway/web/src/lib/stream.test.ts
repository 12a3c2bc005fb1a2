import { beforeEach, describe, expect, it } from "vitest";
import { type Link, type Message, SIGN_IN, type Socket, Stream, type World } from "./stream";

class FakeSocket implements Socket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  /** Whether its network is gone: the browser does not tell that it is closed. */
  isDead = false;
  constructor(
    readonly after: string,
    readonly epoch: string,
  ) {}
  send(text: string) {
    this.sent.push(text);
  }
  close(code = 1005) {
    if (this.readyState === 3 || this.isDead) return;
    this.readyState = 3;
    this.onclose?.({ code });
  }
  opens() {
    this.readyState = 1;
    this.onopen?.();
  }
  says(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A world whose clock is set by hand. */
class FakeWorld implements World {
  sockets: FakeSocket[] = [];
  clock = 0;
  private timers: { at: number; run: () => void }[] = [];
  open(after: string, epoch: string) {
    const socket = new FakeSocket(after, epoch);
    this.sockets.push(socket);
    return socket;
  }
  now = () => this.clock;
  random = () => 1;
  later(run: () => void, ms: number) {
    const timer = { at: this.clock + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }
  passes(ms: number) {
    const end = this.clock + ms;
    for (;;) {
      const next = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.clock = next.at;
      next.run();
    }
    this.clock = end;
  }
  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }
}

const hello = (head: string, hbMs = 5_000) => ({
  kind: "hello",
  head,
  epoch: "e2",
  hbMs,
  serverTime: "2026-01-01T00:00:00.000Z",
});

describe("the stream", () => {
  let world: FakeWorld;
  let heard: Message[];
  let links: Link[];
  let signedOut: number;
  let stream: Stream;

  beforeEach(() => {
    world = new FakeWorld();
    heard = [];
    links = [];
    signedOut = 0;
    stream = new Stream(world, {
      message: (message) => heard.push(message),
      link: (link) => links.push(link),
      signedOut: () => {
        signedOut += 1;
      },
    });
    stream.start("10", "e1");
  });

  const events = () => heard.flatMap((one) => (one.kind === "ev" ? [one.pos] : []));

  it("resumes after the last event that it handed on, in the epoch that it was told", () => {
    world.last.opens();
    world.last.says(hello("10"));
    world.last.says({ kind: "ev", pos: "11" });
    world.last.close();
    world.passes(20_000);
    expect([world.last.after, world.last.epoch]).toEqual(["11", "e2"]);
  });

  it("hands no event on twice, and counts what it caught up on", () => {
    world.last.opens();
    world.last.says(hello("10"));
    world.last.says({ kind: "ev", pos: "11" });
    world.last.close();
    world.passes(20_000);
    world.last.opens();
    world.last.says(hello("13"));
    for (const pos of ["11", "12", "13", "14"]) world.last.says({ kind: "ev", pos });
    expect(events()).toEqual(["11", "12", "13", "14"]);
    expect(stream.link.replayed).toBe(2);
  });

  it("takes a silence of two and a half heartbeats for a break, by the beat of its hello", () => {
    world.last.opens();
    world.last.says(hello("10", 2_000));
    world.passes(4_900);
    expect(world.sockets).toHaveLength(1);
    world.passes(1_200);
    expect(links.some((one) => one.status === "stale")).toBe(true);
    world.passes(20_000);
    expect(world.sockets.length).toBeGreaterThan(1);
  });

  it("does not wait for the end of a socket whose network is gone", () => {
    world.last.opens();
    world.last.says(hello("10", 2_000));
    world.last.isDead = true;
    world.passes(7_500);
    expect(world.sockets).toHaveLength(2);
    world.sockets[0]?.says({ kind: "ev", pos: "11" });
    expect(events()).toEqual([]);
  });

  it("tries at once when the network is back, whatever it waits for", () => {
    world.last.close();
    world.passes(1_500);
    world.last.close();
    stream.retry();
    expect(world.sockets).toHaveLength(3);
    world.last.isDead = true;
    stream.retry();
    expect(world.sockets).toHaveLength(4);
    world.last.opens();
    world.last.says(hello("12"));
    for (const pos of ["11", "12", "13"]) world.last.says({ kind: "ev", pos });
    expect(stream.link.replayed).toBe(2);
    world.passes(1_900);
    expect(world.sockets).toHaveLength(4);
    stream.stop();
    stream.retry();
    expect(world.sockets).toHaveLength(4);
  });

  it("waits longer with each failure, up to a bound, and begins anew after a steady time", () => {
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      const closedAt = world.clock;
      const count = world.sockets.length;
      world.last.close();
      while (world.sockets.length === count) world.passes(100);
      waits.push(world.clock - closedAt);
    }
    expect(waits[0]).toBeLessThanOrEqual(1_100);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_100);
    expect(waits.at(-1)).toBeGreaterThan(14_000);
    world.last.opens();
    world.last.says(hello("10"));
    for (let beat = 0; beat < 3; beat += 1) {
      world.passes(4_000);
      world.last.says({ kind: "hb", head: "10" });
    }
    world.last.close();
    expect(stream.link.tries).toBe(1);
  });

  it("stops for good when the session is over", () => {
    world.last.opens();
    world.last.close(SIGN_IN);
    world.passes(60_000);
    expect([signedOut, world.sockets.length, stream.link.status]).toEqual([1, 1, "off"]);
  });

  it("measures the round trip by its pings", () => {
    world.last.opens();
    const ping = JSON.parse(world.last.sent[0] ?? "{}");
    world.clock += 42;
    world.last.says({ kind: "pong", id: ping.id });
    expect(stream.link.rttMs).toBe(42);
  });

  it("goes on after the head that a reset names", () => {
    world.last.opens();
    world.last.says(hello("900"));
    world.last.says({ kind: "reset", reason: "gap", head: "900" });
    world.last.close();
    world.passes(20_000);
    expect(world.last.after).toBe("900");
  });
});
