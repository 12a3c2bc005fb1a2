/** What each level of the stop does, and what the button says while it stands, in the words of the gateway (domain/kills.py). */
export const LEVELS = [
  {
    level: "pause_entries",
    testid: "stop-level-pause",
    name: "Pause entries",
    standing: "Entries paused",
    does: "No new entry is sent, by strategy or by hand.",
    leavesOpen:
      "What rests stays: a resting entry may still fill, and an open position keeps its stop and take-profits.",
  },
  {
    level: "cancel_entries",
    testid: "stop-level-stop",
    name: "Stop",
    standing: "Stopped: no entries",
    does: "Resting entries are canceled, and no new one is sent, by strategy or by hand.",
    leavesOpen: "An open position stays open, with its stop and take-profits on the venue.",
  },
  {
    level: "flatten",
    testid: "stop-level-flatten",
    name: "Flatten",
    standing: "Stopped: flatten",
    does: "Entries are canceled, the position is closed at the market, then its stop and take-profits are canceled.",
    leavesOpen: "Nothing, once the venue has filled the close; the stop stays until then.",
  },
  {
    level: "revoke_delegate",
    testid: "stop-level-revoke",
    name: "Flatten and revoke",
    standing: "Stopped: flatten, revoke",
    does: "As flatten; then the delegate key is destroyed, after two minutes at the latest.",
    leavesOpen:
      "What the venue did not close by then, with its stop. The chain names the dead key until the owner's wallet revokes it; entries need a new delegation then.",
  },
] as const;

export type StopLevel = (typeof LEVELS)[number]["level"];

export function levelOf(level: string | null) {
  return LEVELS.find((one) => one.level === level) ?? null;
}
