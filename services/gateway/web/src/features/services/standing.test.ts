import { expect, test } from "vitest";
import type { Service } from "@/api/client";
import { missingServices, slowest } from "./standing";

const time = (iso: string) => iso.slice(11, 19);
const NOW = Date.parse("2026-03-02T10:00:30Z");

function service(name: string, change: Partial<Service> = {}): Service {
  const answeredAt = "2026-03-02T10:00:29Z";
  return { name, isUp: true, isReady: true, reason: "", answeredAt, details: {}, ...change };
}

test("all that answer and are ready are worth no word", () => {
  const all = ["ingest", "signals", "risk", "execution", "gateway", "audit"];
  expect(
    missingServices(
      all.map((name) => service(name)),
      NOW,
      time,
    ),
  ).toEqual([]);
});

test("a service that is silent is told with what stands still, one late answer is not", () => {
  const silent = { isUp: false, isReady: false };
  const said = missingServices(
    [
      service("execution", { ...silent, answeredAt: "2026-03-02T10:00:18Z" }),
      service("risk", silent),
      service("audit", { ...silent, answeredAt: null }),
      service("signals", { isReady: false, reason: "folding the log" }),
    ],
    NOW,
    time,
  );
  expect(said).toEqual([
    "execution has not answered since 10:00:18: no order is placed, moved or canceled, and no position is closed. What rests on the venue stays.",
    "audit does not answer: older events are not to be had; trading goes on.",
    "signals is not ready (folding the log): no signal comes.",
  ]);
});

test("the slowest reader of the log is named, and nobody where none tells", () => {
  const of = (name: string, lag: string) => service(name, { details: { lag } });
  expect(slowest([of("risk", "2"), of("execution", "17"), of("audit", "900")])).toEqual({
    name: "execution",
    events: 17,
  });
  expect(slowest([service("risk")])).toBeNull();
});
