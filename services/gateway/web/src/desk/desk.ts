/**
 * The desk as the page knows it: loads the state and the newest events, then follows the stream.
 *
 * Server state lives in the query cache. Every event makes the state be asked for again, at most
 * twice a second; what moves fast comes on the stream by itself, and changes nothing but its own
 * entry, so that a price makes nobody look at the whole state.
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
/** How late those who look at the link may hear of what is not its status. */
const LINK_MS = 200;
const PAGE = 500;
const PAGES_MAX = 8;
const SCREENFUL = 60;

export const keys = {
  access: ["access"],
  state: ["state"],
  money: ["live", "money"],
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

/** The account and its position, as they were computed last. */
export interface MoneyAsOf extends Money {
  asOf: string;
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
  /** The market's step of prices; null before it is known. */
  tickUsd: string | null = null;
  private readonly stream: Stream;
  private readonly listeners = new Set<() => void>();
  private readonly eventListeners = new Set<(event: Activity) => void>();
  private epoch = "";
  private loading: Promise<void> | null = null;
  private isAgain = false;
  /** Counts the starts: one that is not the newest does nothing any more. */
  private run = 0;
  private isRunning = false;
  private telling: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly cache: QueryClient) {
    this.stream = new Stream(browserWorld(), {
      message: (message) => this.hear(message),
      link: (link) => {
        const isOther = link.status !== this.link.status;
        this.link = link;
        // Thousands of events are caught up on in a moment: not each is worth a look.
        if (isOther) this.tell();
        else this.telling ??= setTimeout(() => this.tell(), LINK_MS);
      },
      signedOut: () => void this.cache.invalidateQueries({ queryKey: keys.access }),
    });
    this.link = this.stream.link;
    addEventListener("online", () => this.stream.retry());
  }

  /** Begins to follow; tries until the gateway answers. Call again after a sign-in. */
  async start(): Promise<void> {
    this.stop();
    this.isRunning = true;
    const run = this.run;
    while (run === this.run) {
      try {
        await this.load();
        const newest = await page();
        if (run !== this.run) return;
        this.activity.begin(newest.items, newest.next);
        this.fail(null);
        this.stream.start(newest.head, this.epoch);
        await this.fillScreen();
        return;
      } catch (error) {
        if (run !== this.run) return;
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
    this.run += 1;
    this.isRunning = false;
    this.stream.stop();
  }

  /** Forgets everything that it showed: nobody is signed in any more. */
  forget(): void {
    this.stop();
    const all = this.cache.getQueryCache();
    for (const query of all.findAll().filter((one) => one.queryKey[0] !== keys.access[0])) {
      query.reset(); // Who shows it hears that it is gone; a removal alone tells nobody.
      all.remove(query);
    }
    this.activity.clear();
    this.tickUsd = null;
    this.tell();
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
    const run = this.run;
    const { data: said } = await answered(api.GET("/api/state"));
    if (run !== this.run) return;
    this.skewMs = Date.parse(said.serverTime) - Date.now();
    const { account, position, serverTime: asOf } = said;
    const before = this.cache.getQueryData<MoneyAsOf | null>(keys.money);
    // Money that was pushed after this answer was written is newer: it stays.
    if (!before || this.epoch !== said.epoch || before.asOf < asOf)
      this.cache.setQueryData<MoneyAsOf>(keys.money, { asOf, account, position });
    this.epoch = said.epoch;
    this.tickUsd = said.market?.tickUsd ?? null;
    this.cache.setQueryData<State>(keys.state, said);
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

  /** Loads so many events that there is something to read, if they are to be had. */
  private async fillScreen(): Promise<void> {
    const isNews = ({ level }: Activity) => level !== "noise";
    if (this.activity.count(isNews) >= SCREENFUL) return;
    // What is older comes from the archive, which may be away: the desk is live without it.
    await this.loadOlder(isNews).catch(() => {});
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
        this.cache.setQueryData<MoneyAsOf | null>(keys.money, (now) =>
          now && asOf < now.asOf ? now : { asOf, ...(data as Money) },
        );
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
    this.stop();
    this.reloadedAt = this.now();
    for (const key of [keys.money, keys.price, keys.flow, keys.services])
      this.cache.setQueryData(key, null);
    await this.start();
  }

  private fail(why: string | null): void {
    this.failure = why;
    this.tell();
  }

  private tell(): void {
    if (this.telling) clearTimeout(this.telling);
    this.telling = null;
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
