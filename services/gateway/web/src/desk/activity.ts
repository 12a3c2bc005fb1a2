/**
 * The events that the page holds, newest first, without a hole: what stands before the oldest of
 * them comes by its cursor.
 */
import type { Activity } from "@/api/client";

export const HELD_MAX = 5_000;
const WAIT_MS = 100;

export class ActivityStore {
  private events: Activity[] = [];
  private published: readonly Activity[] = [];
  private next: string | null = null;
  private most = HELD_MAX;
  /** Whether anything was loaded: without it nobody knows whether there are events. */
  isLoaded = false;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** Where the next older page begins; null at the beginning of the log. */
  get cursor(): string | null {
    return this.next;
  }

  /** Takes an event that is newer than all others; the oldest leaves where there are too many. */
  add(event: Activity): void {
    this.events.unshift(event);
    if (this.events.length > this.most) {
      this.events.pop();
      this.next = this.events.at(-1)?.pos ?? null;
    }
    this.timer ??= setTimeout(() => this.publish(), WAIT_MS);
  }

  /** Begins anew with the newest page, and the cursor after it. */
  begin(events: readonly Activity[], next: string | null): void {
    this.empty();
    this.isLoaded = true;
    this.append(events, next);
  }

  /** Takes a page that is older than what it holds, and the cursor after it. */
  append(events: readonly Activity[], next: string | null): void {
    this.events.push(...events);
    // Who reads far back keeps what was read.
    this.most = Math.max(HELD_MAX, this.events.length);
    this.next = next;
    this.publish();
  }

  clear(): void {
    this.empty();
    this.isLoaded = false;
    this.publish();
  }

  count(wanted: (event: Activity) => boolean): number {
    return this.events.filter(wanted).length;
  }

  /** Gives the events; the array is the same until something changes. */
  readonly read = (): readonly Activity[] => this.published;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private empty(): void {
    this.events = [];
    this.next = null;
    this.most = HELD_MAX;
  }

  private publish(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.published = [...this.events];
    for (const listener of this.listeners) listener();
  }
}
