import { expect, test } from "vitest";
import { duration, newDay, precise } from "./time";

test("a length of time is written in the unit that it is read in", () => {
  const read = [0, 17, 999, 1_200, 65_000, 3_720_000].map(duration);
  expect(read).toEqual(["0 ms", "17 ms", "999 ms", "1.2 s", "1 min 5 s", "1 h 2 min"]);
  expect(duration(null)).toBe("–");
});

test("a precise time keeps its milliseconds", () => {
  expect(precise("2026-03-02T09:00:01.250Z", "utc")).toBe("09:00:01.250");
});

test("a list says the day where it changes", () => {
  const [first, second, next] = [
    "2026-03-01T23:58:00Z",
    "2026-03-01T23:59:00Z",
    "2026-03-02T00:00:00Z",
  ];
  expect(newDay(next, undefined, "utc")).toBe("2 Mar");
  expect(newDay(second, next, "utc")).toBe("1 Mar");
  expect(newDay(first, second, "utc")).toBeNull();
});
