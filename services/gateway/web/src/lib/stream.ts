/**
 * The gateway's stream: keeps one WebSocket open, resumes by position, and says how it stands.
 *
 * Nothing is lost or doubled: after a break it asks for what came after the last position that it
 * handed on. A silence of 2.5 heartbeats counts as a break.
 */
import * as z from "zod/mini";

export const SIGN_IN = 4401;
const TOO_OLD = 4410;
/** In the place of a close code: of a break that the browser has not noticed. */
const SILENT = 0;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 15_000;
const STEADY_MS = 5_000;

const position = z.string().check(z.regex(/^\d+$/));
const messages = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("hello"),
    head: position,
    epoch: z.string(),
    hbMs: z.number(),
    serverTime: z.string(),
  }),
  z.looseObject({ kind: z.literal("ev"), pos: position }),
  z.object({ kind: z.literal("snap"), topic: z.string(), asOf: z.string(), data: z.unknown() }),
  z.object({ kind: z.literal("hb"), head: position }),
  z.object({ kind: z.literal("reset"), reason: z.string(), head: position }),
  z.object({ kind: z.literal("pong"), id: z.string() }),
  z.object({ kind: z.literal("bye"), code: z.number(), retryMs: z.number() }),
]);

export type Message = z.infer<typeof messages>;

/** Where the stream stands, and what it needs to go on. */
export interface Link {
  status: "off" | "connecting" | "live" | "stale" | "offline" | "outdated";
  tries: number;
  /** Round trip of the last ping, in ms. */
  rttMs: number | null;
  /** Events that were caught up on after the last break. */
  replayed: number;
  /** The newest position of the log that the gateway told of. */
  head: string;
}

export interface Socket {
  readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface World {
  open(after: string, epoch: string): Socket;
  now(): number;
  later(run: () => void, ms: number): () => void;
  random(): number;
}

export interface Listener {
  message(message: Message): void;
  link(link: Link): void;
  /** The session is over: the stream does not try again by itself. */
  signedOut(): void;
}

export class Stream {
  link: Link = { status: "off", tries: 0, rttMs: null, replayed: 0, head: "0" };
  private socket: Socket | null = null;
  private openedAt = 0;
  private heardAt = 0;
  private beatMs = 5_000;
  private caughtUpAt = 0n;
  private stopTrying = () => {};
  private stopWatching = () => {};
  private after = "0";
  private epoch = "";
  private isWanted = false;

  constructor(
    private readonly world: World,
    private readonly listener: Listener,
  ) {}

  /** Begins after a position of the log that is known to be shown. */
  start(after: string, epoch: string): void {
    this.stop();
    this.after = after;
    this.epoch = epoch;
    this.isWanted = true;
    this.connect();
    this.watch();
  }

  stop(): void {
    this.isWanted = false;
    this.stopWatching();
    this.leave();
    this.say({ status: "off", rttMs: null });
  }

  /** Tries again at once, when the network says that it is back. */
  retry(): void {
    if (!this.isWanted) return;
    this.say({ tries: Math.max(1, this.link.tries) });
    this.leave();
    this.connect();
  }

  /**
   * Has nothing to do with the socket any more. Where the network is gone the browser tells of its
   * end only after a minute, so nobody waits for that.
   */
  private leave(): void {
    this.stopTrying();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private connect(): void {
    const socket = this.world.open(this.after, this.epoch);
    this.socket = socket;
    this.openedAt = 0;
    this.heardAt = this.world.now();
    this.say({ status: this.link.tries > 1 ? "offline" : "connecting" });
    socket.onopen = () => {
      this.openedAt = this.world.now();
      this.ping();
    };
    socket.onmessage = ({ data }) => {
      if (this.socket === socket) this.hear(String(data));
    };
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.ended(code);
    };
  }

  private ended(code: number): void {
    this.socket = null;
    this.say({ rttMs: null });
    if (code === SIGN_IN) {
      this.stop();
      this.listener.signedOut();
      return;
    }
    if (code === TOO_OLD) {
      this.stop();
      this.say({ status: "outdated" });
      return;
    }
    const wasSteady = this.openedAt > 0 && this.world.now() - this.openedAt > STEADY_MS;
    const tries = wasSteady ? 1 : this.link.tries + 1;
    const status = code === SILENT ? "stale" : tries > 1 ? "offline" : "connecting";
    this.say({ tries, status });
    const longest = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** tries);
    const wait = Math.max(200, this.world.random() * longest);
    this.stopTrying = this.world.later(() => this.connect(), wait);
  }

  private hear(text: string): void {
    this.heardAt = this.world.now();
    const message = messages.parse(JSON.parse(text));
    switch (message.kind) {
      case "hello":
        this.beatMs = message.hbMs;
        this.caughtUpAt = BigInt(message.head);
        this.epoch = message.epoch;
        this.say({ status: "live", replayed: 0, head: message.head });
        break;
      case "ev": {
        if (BigInt(message.pos) <= BigInt(this.after)) return;
        this.after = message.pos;
        const isReplayed = this.link.tries > 0 && BigInt(message.pos) <= this.caughtUpAt;
        const head = BigInt(message.pos) > BigInt(this.link.head) ? message.pos : this.link.head;
        this.say({ head, replayed: this.link.replayed + (isReplayed ? 1 : 0) });
        break;
      }
      case "hb":
        this.say({ status: "live", head: message.head });
        this.ping();
        break;
      case "reset":
        this.after = message.head;
        break;
      case "pong":
        this.say({ rttMs: Math.round(this.world.now() - Number(message.id)) });
        break;
      case "bye":
      case "snap":
        break;
    }
    this.listener.message(message);
  }

  private ping(): void {
    if (this.socket?.readyState !== 1) return;
    this.socket.send(JSON.stringify({ kind: "ping", id: String(this.world.now()) }));
  }

  private watch(): void {
    this.stopWatching = this.world.later(() => {
      if (this.socket && this.world.now() - this.heardAt > 2.5 * this.beatMs) {
        this.leave();
        this.ended(SILENT);
      }
      this.watch();
    }, 1_000);
  }

  private say(change: Partial<Link>): void {
    const next = { ...this.link, ...change };
    const isSame = (Object.keys(next) as (keyof Link)[]).every(
      (key) => next[key] === this.link[key],
    );
    if (isSame) return;
    this.link = next;
    this.listener.link(next);
  }
}

/** The real world: the browser's socket, clock and chance. */
export function browserWorld(): World {
  return {
    open(after, epoch) {
      const query = new URLSearchParams({ v: "1", after, epoch });
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const address = `${scheme}://${location.host}/api/ws/engine.events?${query}`;
      return new WebSocket(address) as unknown as Socket;
    },
    now: () => performance.now(),
    later(run, ms) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
  };
}
