/** Times of the API are ISO strings in UTC; people choose how they are shown. */

import { timeFormat } from "./formats";

export type Zone = "utc" | "local";

export function clock(iso: string | null | undefined, zone: Zone = "utc"): string {
  if (!iso) return "–";
  return zone === "utc" ? iso.slice(11, 19) : local(iso, { timeStyle: "medium" });
}

/** Writes a time of day to the millisecond. */
export function precise(iso: string, zone: Zone): string {
  return clock(iso, zone) + (/\.\d{3}/.exec(iso)?.[0] ?? "");
}

/** Writes a length of time: `17 ms`, `1.2 s`, `3 min 5 s`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (Math.abs(ms) < 1_000) return `${ms} ms`;
  if (Math.abs(ms) < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

export function minute(iso: string, zone: Zone = "utc"): string {
  return zone === "utc" ? iso.slice(11, 16) : local(iso, { timeStyle: "short" });
}

/** Writes a time with its day, where that is another one than the day of `nowMs`. */
export function moment(iso: string, zone: Zone, nowMs: number): string {
  const at = `${clock(iso, zone)} ${zoneName(zone)}`;
  const [on, today] = [day(iso, zone), day(new Date(nowMs).toISOString(), zone)];
  return on === today ? at : `${on}, ${at}`;
}

/** Writes the day of a time: `2 Mar`. */
export function day(iso: string, zone: Zone): string {
  const timeZone = zone === "utc" ? { timeZone: "UTC" } : {};
  const style = { day: "numeric", month: "short", ...timeZone } as const;
  return timeFormat(style).format(new Date(iso));
}

/** Gives the day of a row's time where the row before it, if any, is of another; else nothing. */
export function newDay(iso: string, before: string | undefined, zone: Zone): string | null {
  const on = day(iso, zone);
  return before !== undefined && day(before, zone) === on ? null : on;
}

export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : "local time";
}

function local(iso: string, style: Intl.DateTimeFormatOptions): string {
  return timeFormat(style).format(new Date(iso));
}

/** Says how long ago something was; the clock is the gateway's, in ms. */
export function age(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** Says how long it still takes. */
export function countdown(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(iso) - nowMs) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
