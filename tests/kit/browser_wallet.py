"""A wallet of the Wallet Standard inside a page: it really signs, with a key of its own.

It behaves as wallets are told to: it refuses a sign-in for another host, and puts its signature
into the slot of its own key. With a `ledger` it has a second account, on a device that signs no
message: `switchTo` shows it. `behavior` makes it one that does not; `testWallet.behave` makes it
another one later. Of transactions, `alter` changes what one does before it signs, `lighthouse` adds
an assertion of its own as real wallets do, `slow` signs at `testWallet.release()`, and `locked`
shows no account.
"""

import json

from execution.owner.returned import LIGHTHOUSE
from kit.gateway_signin import Wallet

BEHAVIORS = (
    "ok",
    "message-only",
    "reject",
    "tamper",
    "wrong-key",
    "alter",
    "lighthouse",
    "slow",
    "locked",
)
_WALLET = """(({seedHex, address, ledger, behavior, name, lighthouse}) => {
  let release = () => {};
  const behave = (next) => {
    behavior = next;
    if (next === "locked") wallet.accounts = [];
  };
  const altered = (transaction) => transaction.map(
    (byte, at) => at === transaction.length - 2 ? byte ^ 1 : byte);
  const asserted = (transaction) => {
    const header = 1 + 64 * transaction[0] + 1, keys = transaction[header + 3];
    const blockhash = header + 4 + 32 * keys, calls = blockhash + 32;
    const part = (from, to) => transaction.slice(from, to);
    return Uint8Array.from([
      ...part(0, header + 2), transaction[header + 2] + 1, keys + 1,
      ...part(header + 4, blockhash), ...bytes(lighthouse), ...part(blockhash, calls),
      transaction[calls] + 1, ...part(calls + 1, -1), keys, 0, 3, 6, 0, 1, 0]);
  };
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (one) => parseInt(one, 16));
  const keyOf = (seed) => crypto.subtle.importKey(
    "pkcs8", bytes("302e020100300506032b657004220420" + seed), "Ed25519", false, ["sign"]);
  const [own, other] = [keyOf(seedHex), keyOf("7f".repeat(32))];
  const device = ledger && keyOf(ledger.seedHex);
  const isDevice = (at) => ledger !== null && ledger.address === at;
  const sign = async (text, at) => new Uint8Array(await crypto.subtle.sign(
    "Ed25519", await (behavior === "wrong-key" ? other : isDevice(at) ? device : own), text));
  const requireNoDevice = (at) => {
    if (isDevice(at)) throw new Error("A Ledger signs no message.");
  };
  const reject = () => Object.assign(new Error("User rejected the request."), {code: 4001});
  const listeners = new Set();
  const account = (at) => ({address: at, publicKey: new Uint8Array(32), chains: ["solana:mainnet"],
    features: ["solana:signIn", "solana:signMessage", "solana:signTransaction"]});
  const wallet = {version: "1.0.0", name,
    icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>" +
      "<circle cx='4.5' cy='4.5' r='4' fill='%23ab9ff2'/></svg>",
    chains: ["solana:mainnet"], accounts: []};
  const text = (input) => [
    `${input.domain} wants you to sign in with your Solana account:`, input.address,
    "", input.statement, "", `URI: ${input.uri}`, `Version: ${input.version}`,
    `Chain ID: ${input.chainId}`, `Nonce: ${input.nonce}`,
    `Issued At: ${input.issuedAt}`, `Expiration Time: ${input.expirationTime}`,
    `Request ID: ${input.requestId}`].join("\\n");
  const signMessage = async ({account, message}) => {
    requireNoDevice(account.address);
    if (behavior === "reject") throw reject();
    return {signedMessage: message, signature: await sign(message)};
  };
  wallet.features = {
    "standard:connect": {version: "1.0.0", connect: async ({silent} = {}) => {
      if (!silent && behavior !== "locked") wallet.accounts = [account(address)];
      return {accounts: wallet.accounts};
    }},
    "standard:events": {version: "1.0.0", on: (_, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    }},
    "solana:signMessage": {version: "1.1.0",
      signMessage: async (...all) => Promise.all(all.map(signMessage))},
    "solana:signTransaction": {version: "1.0.0", supportedTransactionVersions: ["legacy", 0],
      signTransaction: async (...all) => Promise.all(all.map(async ({account, transaction}) => {
        if (behavior === "reject") throw reject();
        if (behavior === "slow") await new Promise((done) => { release = done; });
        if (behavior === "alter") transaction = altered(transaction);
        if (behavior === "lighthouse") transaction = asserted(transaction);
        const signed = Uint8Array.from(transaction);
        signed.set(
          await sign(transaction.slice(1 + 64 * transaction[0]), account.address), 1);
        return {signedTransaction: signed};
      }))},
  };
  if (behavior !== "message-only") wallet.features["solana:signIn"] = {version: "1.0.0",
    signIn: async (input) => {
      requireNoDevice(input.address);
      if (behavior === "reject") throw reject();
      if (input.domain !== location.host) throw new Error(`-32000: domain ${input.domain}`);
      const said = new TextEncoder().encode(text(input) + (behavior === "tamper" ? " " : ""));
      return [{account: account(input.address), signedMessage: said, signature: await sign(said)}];
    }};
  globalThis.testWallet = {behave, release: () => release(), switchTo: (at) => {
    wallet.accounts = at ? [account(at)] : [];
    for (const listener of listeners) listener({accounts: wallet.accounts});
  }};
  const register = (api) => api.register(wallet);
  addEventListener("wallet-standard:app-ready", ({detail}) => register(detail));
  dispatchEvent(new CustomEvent("wallet-standard:register-wallet", {detail: register}));
})"""


def browser_wallet(
    who: Wallet, *, ledger: Wallet | None = None, behavior: str = "ok", name: str = "Phantom"
) -> str:
    """Give the script that installs a wallet of this key in a page, before the page loads."""
    assert behavior in BEHAVIORS, behavior
    given = {
        **_key(who),
        "ledger": None if ledger is None else _key(ledger),
        "behavior": behavior,
        "name": name,
        "lighthouse": bytes(LIGHTHOUSE).hex(),
    }
    return f"{_WALLET}({json.dumps(given)})"


def _key(of: Wallet) -> dict[str, str]:
    """Give a key as the page takes it; the first half of an Ed25519 keypair is its seed."""
    return {"seedHex": bytes(of.keypair)[:32].hex(), "address": of.address}
