import { expect, test } from "vitest";
import type { Activity } from "@/api/client";
import { ActivityStore, HELD_MAX } from "./activity";

const event = (pos: number) => ({ pos: String(pos), level: "info" }) as Activity;
const down = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => event(from - at));
const positions = (store: ActivityStore) => store.read().map((one) => Number(one.pos));

test("pages go on where the one before ended", () => {
  const store = new ActivityStore();
  store.append(down(9, 4), "6");
  expect([positions(store), store.cursor]).toEqual([[9, 8, 7, 6], "6"]);
  store.append(down(5, 5), null);
  expect([positions(store), store.cursor]).toEqual([[9, 8, 7, 6, 5, 4, 3, 2, 1], null]);
});

test("too many events push the oldest out, and the cursor leads back to them", () => {
  const store = new ActivityStore();
  store.append(down(HELD_MAX, HELD_MAX), null);
  store.add(event(HELD_MAX + 1));
  store.append([], store.cursor);
  expect(positions(store).at(0)).toBe(HELD_MAX + 1);
  expect([positions(store).at(-1), store.cursor]).toEqual([2, "2"]);
});

test("who read far back keeps what was read", () => {
  const store = new ActivityStore();
  store.append(down(2 * HELD_MAX, HELD_MAX), String(HELD_MAX + 1));
  store.append(down(HELD_MAX, HELD_MAX), null);
  expect(positions(store)).toHaveLength(2 * HELD_MAX);
  store.clear();
  expect([positions(store), store.cursor]).toEqual([[], null]);
});
