import { expect, it } from "vitest";
import { isPast } from "./journey";
import type { Delegation } from "./use-delegation";

it("tells of an active delegation only what made it, or what is to end it", () => {
  const told = (kind: string, delegate: string | null, state = "active") =>
    isPast({ state, onChain: "Key", sent: { kind, delegate } } as Delegation);
  expect(told("delegate", "Key")).toBe(false);
  expect(told("delegate", "Before")).toBe(true);
  expect(told("revoke", null)).toBe(false);
  expect(told("delegate", "Before", "foreign")).toBe(false);
});
