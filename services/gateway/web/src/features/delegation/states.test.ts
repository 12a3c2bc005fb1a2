import { expect, it } from "vitest";
import { badgeState, foundText, standingOf } from "./states";
import type { Delegation } from "./use-delegation";

const KEY = { address: "Key", bornAt: "", expiresAt: "2026-01-02T00:00:00Z" };
const SENT = {
  txId: "",
  kind: "delegate",
  delegate: "Key",
  signature: "",
  status: "sent",
  slot: null,
  code: null,
};
const NOON = Date.parse("2026-01-01T12:00:00Z");

function a(told: Partial<Delegation>): Delegation {
  return {
    state: "none",
    sent: null,
    key: null,
    onChain: null,
    destroyed: null,
    ...told,
  } as Delegation;
}

it("says as sent what the chain does not name yet, and as nothing what it refused", () => {
  const awaiting = { state: "awaiting", key: KEY };
  expect(badgeState(a({ ...awaiting, sent: SENT }))).toBe("submitted");
  expect(badgeState(a({ ...awaiting, state: "none", sent: { ...SENT, status: "landed" } }))).toBe(
    "submitted",
  );
  for (const status of ["failed", "expired"])
    expect(badgeState(a({ ...awaiting, sent: { ...SENT, status } }))).toBe("awaiting");
  const ofAnother = { ...SENT, delegate: "Before", status: "landed" };
  expect(badgeState(a({ ...awaiting, sent: ofAnother }))).toBe("awaiting");
  expect(badgeState(a({ state: "revoked", sent: { ...SENT, status: "landed" } }))).toBe("revoked");
});

it("says that a revoke is on its way, of our key or of a foreign one", () => {
  const sent = { ...SENT, kind: "revoke", delegate: null };
  expect(badgeState(a({ state: "active", key: KEY, sent }))).toBe("revoking");
  expect(badgeState(a({ state: "foreign", sent }))).toBe("revoking");
  expect(badgeState(a({ state: "foreign", sent: { ...sent, status: "failed" } }))).toBe("foreign");
});

it("claims nothing that it does not know", () => {
  expect(badgeState(a({ state: "unknown", sent: SENT, key: KEY }))).toBe("unknown");
  expect(badgeState(a({ state: "later" }))).toBe("unknown");
});

it("tells a key of ours that is gone from a stranger's", () => {
  const gone = { address: "Gone", reason: "expiry", at: "" };
  const dead = standingOf(a({ state: "foreign", onChain: "Gone", destroyed: gone }), NOON);
  expect([dead.label, dead.tone]).toEqual(["dead key named", "warning"]);
  const foreign = standingOf(a({ state: "foreign", onChain: "Else", destroyed: gone }), NOON);
  expect([foreign.label, foreign.tone]).toEqual(["foreign delegate", "bad"]);
});

it("warns of a key in its last hour", () => {
  const active = a({ state: "active", key: KEY });
  const end = Date.parse(KEY.expiresAt);
  expect(standingOf(active, end - 3_600_000).tone).toBe("good");
  expect(standingOf(active, end - 3_599_999).tone).toBe("warning");
});

it("writes lamports as SOL, exactly", () => {
  expect(foundText("20000 lamports")).toBe("0.00002 SOL");
  expect(foundText("12345678901234567 lamports")).toBe("12345678.901234567 SOL");
  expect(foundText("5000000000 lamports")).toBe("5 SOL");
  expect(foundText("nobody")).toBe("nobody");
});
