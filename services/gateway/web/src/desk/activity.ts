/** The events that the page holds, newest first; what is true every minute crowds out nothing. */
import type { Activity } from "@/api/client";

export const HELD_MAX = 2_000;
const WAIT_MS = 100;

export class ActivityStore {
  private news: Activity[] = [];
  private noise: Activity[] = [];
  private merged: readonly Activity[] = [];
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** Takes an event that is newer than all others. */
  add(event: Activity): void {
    const rows = event.level === "noise" ? this.noise : this.news;
    rows.unshift(event);
    if (rows.length > HELD_MAX) rows.pop();
    this.timer ??= setTimeout(() => this.publish(), WAIT_MS);
  }

  /** Takes pages that are older than what it holds. */
  append(events: readonly Activity[]): void {
    for (const event of events) (event.level === "noise" ? this.noise : this.news).push(event);
    this.publish();
  }

  clear(): void {
    this.news = [];
    this.noise = [];
    this.publish();
  }

  get newsCount(): number {
    return this.news.length;
  }

  /** Gives the events; the array is the same until something changes. */
  readonly read = (): readonly Activity[] => this.merged;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private publish(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.merged = merged(this.news, this.noise);
    for (const listener of this.listeners) listener();
  }
}

function merged(left: readonly Activity[], right: readonly Activity[]): Activity[] {
  const all: Activity[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]];
    if (b === undefined || (a !== undefined && BigInt(a.pos) > BigInt(b.pos))) {
      all.push(a as Activity);
      i += 1;
    } else {
      all.push(b);
      j += 1;
    }
  }
  return all;
}
