import type { Wallet, WalletAccount } from "@wallet-standard/base";
import { expect, it } from "vitest";
import { chainOf, signWith } from "./signing";
import { Declined } from "./wallets";

const UNSIGNED = { feePayer: "Owner", base64: btoa("unsigned") };
const SIGN = "solana:signTransaction";

interface Fake {
  name?: string;
  /** Addresses that it shows at once. */
  shows?: string[];
  /** Addresses that it shows when it is asked, without a prompt or with one. */
  silent?: string[];
  asked?: string[];
  versions?: ("legacy" | 0)[];
  chains?: string[];
  hasFeature?: boolean;
  error?: unknown;
}

function fake(told: Fake): { wallet: Wallet; calls: string[] } {
  const { name = "Phantom", versions = ["legacy", 0], hasFeature = true } = told;
  const calls: string[] = [];
  const account = (address: string) =>
    ({ address, chains: told.chains ?? [], features: [SIGN] }) as unknown as WalletAccount;
  const connect = async ({ silent = false } = {}) => {
    calls.push(silent ? "silent" : "asked");
    return { accounts: ((silent ? told.silent : told.asked) ?? []).map(account) };
  };
  const signTransaction = async ({ transaction }: { transaction: Uint8Array }) => {
    calls.push("sign");
    if (told.error) throw told.error;
    return [{ signedTransaction: Uint8Array.from([...transaction, 33]) }];
  };
  const sign = { supportedTransactionVersions: versions, signTransaction };
  const features = { "standard:connect": { connect }, ...(hasFeature ? { [SIGN]: sign } : {}) };
  const accounts = (told.shows ?? []).map(account);
  return { wallet: { name, accounts, features } as unknown as Wallet, calls };
}

it("signs with the wallet that shows the address, and asks nobody", async () => {
  const other = fake({ name: "Other", shows: ["Stranger"] });
  const owner = fake({ shows: ["Second", "Owner"] });
  expect(atob(await signWith([other.wallet, owner.wallet], UNSIGNED))).toBe("unsigned!");
  expect([other.calls, owner.calls]).toEqual([[], ["sign"]]);
});

it("looks without a prompt before it asks", async () => {
  const trusting = fake({ silent: ["Owner"] });
  await signWith([fake({ name: "Other" }).wallet, trusting.wallet], UNSIGNED);
  expect(trusting.calls).toEqual(["silent", "sign"]);
});

it("asks the only wallet aloud, and never one of many", async () => {
  const only = fake({ asked: ["Owner"] });
  await signWith([only.wallet], UNSIGNED);
  expect(only.calls).toEqual(["silent", "asked", "sign"]);
  const many = [fake({ asked: ["Owner"] }), fake({ name: "Other", asked: ["Owner"] })];
  const asked = signWith(
    many.map((one) => one.wallet),
    UNSIGNED,
  );
  await expect(asked).rejects.toThrow("none of Phantom, Other shows Owner");
  expect(many.map((one) => one.calls)).toEqual([["silent"], ["silent"]]);
});

it.each([
  ["no wallet", [], "No Solana wallet was found"],
  ["a locked one", [fake({})], "gave no account: unlock it"],
  ["another account", [fake({ asked: ["Stranger"] })], "to show Owner, found Stranger"],
  ["no feature", [fake({ shows: ["Owner"], hasFeature: false })], "cannot sign transactions"],
  ["an old one", [fake({ shows: ["Owner"], versions: ["legacy"] })], "of version 0"],
  [
    "another network",
    [fake({ shows: ["Owner"], chains: ["solana:devnet"] })],
    "expected an account of solana:mainnet, found solana:devnet",
  ],
])("says what is wrong with %s, and signs nothing", async (_, fakes, said) => {
  const wallets = fakes.map((one) => one.wallet);
  await expect(signWith(wallets, UNSIGNED, chainOf("mainnet"))).rejects.toThrow(said);
  expect(fakes.flatMap((one) => one.calls)).not.toContain("sign");
});

it("tells a person's no from a fault", async () => {
  const no = fake({ shows: ["Owner"], error: Object.assign(new Error("No."), { code: 4001 }) });
  await expect(signWith([no.wallet], UNSIGNED)).rejects.toBeInstanceOf(Declined);
});

it("knows no network of wallets for what is not one", () => {
  expect([chainOf("mainnet"), chainOf("paper"), chainOf("localnet")]).toEqual([
    "solana:mainnet",
    null,
    null,
  ]);
});
