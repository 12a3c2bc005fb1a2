import { expect, test } from "vitest";
import {
  type Act,
  type Begun,
  BINDINGS,
  NOTHING,
  type Press,
  pressed,
  SECOND_MS,
} from "./bindings";

const plain = { ctrlKey: false, metaKey: false, altKey: false, isTyping: false };

function typed(keys: string, change: Partial<Press> = {}, everyMs = 100): (Act | null)[] {
  let begun: Begun = NOTHING;
  return [...keys].map((key, at) => {
    const said = pressed(begun, { ...plain, key, atMs: 1_000 + at * everyMs, ...change });
    begun = said.begun;
    return said.act;
  });
}

test("every binding is reached by its keys, and by no fewer", () => {
  for (const { keys, act } of BINDINGS)
    expect(typed(keys.join(""))).toEqual([...keys.slice(1).map(() => null), act]);
});

test("no two bindings begin alike", () => {
  const texts = BINDINGS.map((one) => one.keys.join(" "));
  for (const one of texts)
    expect(texts.filter((other) => other === one || other.startsWith(`${one} `))).toEqual([one]);
});

test("nothing happens while a field takes the text", () => {
  expect(typed("?/ga", { isTyping: true })).toEqual([null, null, null, null]);
});

test.each(["ctrlKey", "metaKey", "altKey"] as const)("%s makes it another key", (name) => {
  expect(typed("/", { [name]: true })).toEqual([null]);
});

test("a second key that comes late is a first one", () => {
  expect(typed("ga", {}, SECOND_MS + 1)).toEqual([null, null]);
  expect(typed("g/", {}, SECOND_MS + 1)).toEqual([null, "filter"]);
});

test("a first key that leads nowhere is forgotten, and the next begins anew", () => {
  expect(typed("gx/")).toEqual([null, null, "filter"]);
  expect(typed("g?")).toEqual([null, "help"]);
  expect(typed("gga")).toEqual([null, null, "activity"]);
});
