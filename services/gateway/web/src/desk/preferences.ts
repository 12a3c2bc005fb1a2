/** What a person chose for this browser: the zone of times, the palette, the keys. Nothing secret. */
import { useSyncExternalStore } from "react";
import type { Zone } from "@/lib/time";

export const PALETTES = ["blue-orange", "green-red", "red-green"] as const;
export type Palette = (typeof PALETTES)[number];

export interface Preferences {
  zone: Zone;
  palette: Palette;
  /** Whether single keys do something; whoever speaks to the computer may not want it. */
  hasKeys: boolean;
}

const KEY = "perp-desk";
const listeners = new Set<() => void>();
let current = read();

function read(): Preferences {
  let kept: Partial<Preferences> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    // A browser that keeps nothing, or kept something else: the defaults hold.
  }
  return {
    zone: kept.zone === "local" ? "local" : "utc",
    palette: PALETTES.find((one) => one === kept.palette) ?? "blue-orange",
    hasKeys: kept.hasKeys !== false,
  };
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  document.documentElement.dataset.palette = current.palette;
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // It holds until the page is closed.
  }
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

document.documentElement.dataset.palette = current.palette;
