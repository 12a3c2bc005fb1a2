import { expect, test } from "vitest";
import { explorerUrl } from "./explorer";

test("only a public cluster has an explorer", () => {
  expect(explorerUrl("5sig", "mainnet")).toBe("https://explorer.solana.com/tx/5sig");
  expect(explorerUrl("5sig", "devnet")).toBe("https://explorer.solana.com/tx/5sig?cluster=devnet");
  expect(["paper", "localnet", ""].map((mode) => explorerUrl("5sig", mode))).toEqual([
    null,
    null,
    null,
  ]);
});
