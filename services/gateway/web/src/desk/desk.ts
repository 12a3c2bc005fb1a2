/**
 * The desk as the page knows it: loads the state and the newest events, then follows the stream.
 *
 * Server state lives in the query cache. Every event makes the state be asked for again, at most
 * twice a second; what moves fast comes on the stream by itself.
 */
import type { QueryClient } from "@tanstack/react-query";
import {
  type Activity,
  answered,
  api,
  type Flow,
  type Money,
  type Price,
  Problem,
  type Service,
  type State,
  sentence,
} from "@/api/client";
import { browserWorld, type Link, type Message, Stream } from "@/lib/stream";
import { ActivityStore } from "./activity";

const RELOAD_MS = 400;
const PAGE = 500;
const PAGES_MAX = 8;
const SCREENFUL = 60;

export const keys = {
  access: ["access"],
  state: ["state"],
  price: ["live", "price"],
  flow: ["live", "flow"],
  services: ["live", "services"],
  telemetry: ["live", "telemetry"],
  settings: ["settings"],
  /** The revision that this page made last. */
  ownSettings: ["own", "settings"],
  delegation: ["delegation"],
  signing: ["signing"],
  version: ["version"],
  orders: ["orders"],
} as const;

export interface Services {
  asOf: string;
  items: Service[];
}

export class Desk {
  readonly activity = new ActivityStore();
  link: Link;
  /** What the gateway's clock shows beyond ours, in ms. */
  skewMs = 0;
  /** Why the desk is not to be had, while it is not; it is asked for again all the time. */
  failure: string | null = null;
  /** When all was loaded anew, in ms of the gateway's clock: too much had come in between. */
  reloadedAt: number | null = null;
  private readonly stream: Stream;
  private readonly listeners = new Set<() => void>();
  private readonly eventListeners = new Set<(event: Activity) => void>();
  private epoch = "";
  private moneyAt = "";
  private loading: Promise<void> | null = null;
  private isAgain = false;
  private isRunning = false;

  constructor(private readonly cache: QueryClient) {
    this.stream = new Stream(browserWorld(), {
      message: (message) => this.hear(message),
      link: (link) => {
        this.link = link;
        this.tell();
      },
      signedOut: () => void this.cache.invalidateQueries({ queryKey: keys.access }),
    });
    this.link = this.stream.link;
    addEventListener("online", () => this.stream.retry());
  }

  /** Begins to follow; tries until the gateway answers. Call again after a sign-in. */
  async start(): Promise<void> {
    this.isRunning = true;
    while (this.isRunning) {
      try {
        await this.load();
        const head = await this.loadActivity();
        this.fail(null);
        if (this.isRunning) this.stream.start(head, this.epoch);
        return;
      } catch (error) {
        if (isSignedOut(error)) {
          void this.cache.invalidateQueries({ queryKey: keys.access });
          return;
        }
        this.fail(sentence(error));
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  stop(): void {
    this.isRunning = false;
    this.stream.stop();
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Tells of each event that comes in live. */
  onEvent(listener: (event: Activity) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  /** Asks for the whole state now, or once more after the answer that is under way. */
  reload(): void {
    if (this.loading) {
      this.isAgain = true;
      return;
    }
    this.loading = this.load()
      .catch((error) => {
        this.isAgain = !isSignedOut(error);
        if (isSignedOut(error)) void this.cache.invalidateQueries({ queryKey: keys.access });
      })
      .finally(() =>
        setTimeout(() => {
          this.loading = null;
          if (this.isAgain && this.isRunning) {
            this.isAgain = false;
            this.reload();
          }
        }, RELOAD_MS),
      );
  }

  private async load(): Promise<void> {
    const { data: said } = await answered(api.GET("/api/state"));
    this.skewMs = Date.parse(said.serverTime) - Date.now();
    const before = this.cache.getQueryData<State>(keys.state);
    // Money that was pushed after this answer was written is newer: it stays.
    const isOlder = before && this.epoch === said.epoch && this.moneyAt >= said.serverTime;
    if (!isOlder) this.moneyAt = said.serverTime;
    const money = isOlder ? { account: before.account, position: before.position } : {};
    this.epoch = said.epoch;
    this.cache.setQueryData<State>(keys.state, { ...said, ...money });
    this.seed(said);
    this.tell();
  }

  /** Shows what the state says of fast things until the stream says more. */
  private seed(said: State): void {
    this.cache.setQueryData<Price | null>(keys.price, (now) => now ?? said.price);
    this.cache.setQueryData<Flow | null>(keys.flow, (now) => now ?? said.flow);
    if (said.services.length)
      this.cache.setQueryData<Services>(
        keys.services,
        (now) => now ?? { asOf: said.serverTime, items: said.services },
      );
  }

  /** Loads the newest events; gives the position up to which they are shown. */
  private async loadActivity(): Promise<string> {
    this.activity.clear();
    const first = await page();
    this.activity.append(first.items, first.next);
    const isNews = ({ level }: Activity) => level !== "noise";
    if (this.activity.count(isNews) < SCREENFUL) await this.loadOlder(isNews);
    return first.head;
  }

  /** Loads what is older, until a screenful more is wanted of it, or for a bounded while. */
  async loadOlder(wanted: (event: Activity) => boolean): Promise<void> {
    const before = this.activity.count(wanted);
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const { cursor } = this.activity;
      if (cursor === null || (pages > 0 && this.activity.count(wanted) - before >= SCREENFUL))
        return;
      const older = await page(cursor);
      // What was pushed out or begun anew meanwhile has another cursor: the page fits no more.
      if (this.activity.cursor === cursor) this.activity.append(older.items, older.next);
    }
  }

  private hear(message: Message): void {
    switch (message.kind) {
      case "hello":
        this.skewMs = Date.parse(message.serverTime) - Date.now();
        this.reload();
        break;
      case "ev": {
        const event = message as unknown as Activity;
        this.activity.add(event);
        for (const listener of this.eventListeners) listener(event);
        this.reload();
        break;
      }
      case "snap":
        this.snap(message.topic, message.asOf, message.data);
        break;
      case "reset":
        void this.reset();
        break;
      default:
        break;
    }
  }

  private snap(topic: string, asOf: string, data: unknown): void {
    switch (topic) {
      case "price":
        this.cache.setQueryData(keys.price, data as Price);
        break;
      case "cvd":
        this.cache.setQueryData(keys.flow, data as Flow);
        break;
      case "money":
        if (asOf < this.moneyAt) return;
        this.moneyAt = asOf;
        this.cache.setQueryData<State>(keys.state, (now) => now && { ...now, ...(data as Money) });
        break;
      case "telemetry_panels":
        this.cache.setQueryData(keys.telemetry, data);
        break;
      case "services":
        this.cache.setQueryData<Services>(keys.services, { asOf, items: data as Service[] });
        break;
    }
  }

  /** Begins again: the gateway cannot tell what came in between, or the log is another one. */
  private async reset(): Promise<void> {
    this.stream.stop();
    this.reloadedAt = this.now();
    this.moneyAt = "";
    for (const key of [keys.price, keys.flow, keys.services]) this.cache.setQueryData(key, null);
    await this.start();
  }

  get moneyAsOf(): string {
    return this.moneyAt;
  }

  private fail(why: string | null): void {
    this.failure = why;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function isSignedOut(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

async function page(before?: string) {
  const query = { limit: PAGE, ...(before ? { before: Number(before) } : {}) };
  return (await answered(api.GET("/api/activity", { params: { query } }))).data;
}
