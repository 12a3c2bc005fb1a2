import type { Delegation } from "./use-delegation";

export type Checks = Delegation["preflight"];

/** Told elsewhere in the window: by the form of the consent, and by the state itself. */
const TOLD: ReadonlySet<string> = new Set(["consent", "delegate"]);

/** Gives what is known to be missing, with its remedy. */
export function faultsOf(checks: Checks): Checks {
  return checks.filter(({ isOk, code, found }) => !isOk && !TOLD.has(code) && found !== "unknown");
}
