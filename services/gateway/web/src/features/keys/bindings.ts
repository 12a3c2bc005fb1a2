/** The keys of the page: which exist, and what a press means after the presses before it. */

export type Act =
  | "help"
  | "filter"
  | "desk"
  | "activity"
  | "position"
  | "settings"
  | "about"
  | "delegation";

export interface Binding {
  /** Pressed one after the other. */
  keys: readonly string[];
  act: Act;
  does: string;
}

/** How long a first key waits for its second. */
export const SECOND_MS = 1_500;

export const BINDINGS: readonly Binding[] = [
  { keys: ["?"], act: "help", does: "Show these keys" },
  { keys: ["/"], act: "filter", does: "Filter the activity by text" },
  { keys: ["g", "d"], act: "desk", does: "Go to the desk" },
  { keys: ["g", "a"], act: "activity", does: "Go to the activity" },
  { keys: ["g", "p"], act: "position", does: "Go to the position" },
  { keys: ["g", "s"], act: "settings", does: "Go to the settings" },
  { keys: ["g", "k"], act: "delegation", does: "Open who may sign, where a wallet owns the desk" },
  { keys: ["g", "i"], act: "about", does: "Go to what runs here" },
];

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** Whether what has the focus takes text. */
  isTyping: boolean;
  atMs: number;
}

/** The keys that were pressed and may become a binding. */
export interface Begun {
  keys: readonly string[];
  atMs: number;
}

export const NOTHING: Begun = { keys: [], atMs: 0 };

/** Takes a press; gives what it does, and what is begun after it. */
export function pressed(begun: Begun, press: Press): { act: Act | null; begun: Begun } {
  if (press.isTyping || press.ctrlKey || press.metaKey || press.altKey || press.key.length !== 1)
    return { act: null, begun: NOTHING };
  const isLate = press.atMs - begun.atMs > SECOND_MS;
  const before = isLate ? [] : begun.keys;
  for (const keys of [[...before, press.key], [press.key]]) {
    const found = BINDINGS.filter((one) => keys.every((key, at) => one.keys[at] === key));
    const whole = found.find((one) => one.keys.length === keys.length);
    if (whole) return { act: whole.act, begun: NOTHING };
    if (found.length > 0) return { act: null, begun: { keys, atMs: press.atMs } };
  }
  return { act: null, begun: NOTHING };
}

/** Says whether an element takes text, or keys of its own, so that ours must wait. */
export function isTyping(element: Element | null): boolean {
  return (
    element?.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") != null
  );
}
