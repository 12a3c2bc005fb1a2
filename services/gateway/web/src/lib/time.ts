/** Times of the API are ISO strings in UTC; people choose how they are shown. */

export type Zone = "utc" | "local";

export function clock(iso: string | null | undefined, zone: Zone = "utc"): string {
  if (!iso) return "–";
  return zone === "utc" ? iso.slice(11, 19) : local(iso, { timeStyle: "medium" });
}

export function minute(iso: string, zone: Zone = "utc"): string {
  return zone === "utc" ? iso.slice(11, 16) : local(iso, { timeStyle: "short" });
}

/** Writes a time with its day, where that is another one than the day of `nowMs`. */
export function moment(iso: string, zone: Zone, nowMs: number): string {
  const at = `${clock(iso, zone)} ${zoneName(zone)}`;
  const timeZone = zone === "utc" ? { timeZone: "UTC" } : {};
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...timeZone });
  const [on, today] = [day.format(new Date(iso)), day.format(new Date(nowMs))];
  return on === today ? at : `${on}, ${at}`;
}

export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : "local time";
}

function local(iso: string, style: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-GB", style).format(new Date(iso));
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
