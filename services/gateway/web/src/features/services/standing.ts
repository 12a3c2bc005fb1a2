/** What the services' own reports mean for who trades: who is missing, and who is behind. */
import type { Service } from "@/api/client";

/** A service is asked every two seconds; one answer may be late. */
const SILENT_MS = 6_000;

/** What stands still without a service. */
const WITHOUT: Record<string, string> = {
  ingest: "no price comes in",
  signals: "no signal comes",
  risk: "nothing is judged, so nothing is entered",
  execution:
    "no order is placed, moved or canceled, and no position is closed. What rests on the venue stays",
  audit: "older events are not to be had; trading goes on",
};

/** Says which services are missing, and what that means; `now` is the gateway's time in ms. */
export function missingServices(
  services: readonly Service[],
  now: number,
  time: (iso: string) => string,
): string[] {
  return services.flatMap((one) => {
    const without = WITHOUT[one.name];
    if (without === undefined || (one.isUp && one.isReady)) return [];
    if (one.isUp)
      return [`${one.name} is not ready${one.reason && ` (${one.reason})`}: ${without}.`];
    if (one.answeredAt === null) return [`${one.name} does not answer: ${without}.`];
    if (now - Date.parse(one.answeredAt) < SILENT_MS) return [];
    return [`${one.name} has not answered since ${time(one.answeredAt)}: ${without}.`];
  });
}

const READERS: ReadonlySet<string> = new Set(["signals", "risk", "execution", "gateway"]);

/** Gives the service that has most of the log yet to read, and how many events; null: unknown. */
export function slowest(services: readonly Service[]): { name: string; events: number } | null {
  const known = services
    .filter((one) => READERS.has(one.name) && one.details.lag !== undefined)
    .map((one) => ({ name: one.name, events: Number(one.details.lag) }));
  return known.toSorted((a, b) => b.events - a.events)[0] ?? null;
}
