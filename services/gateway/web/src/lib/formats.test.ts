import { expect, test } from "vitest";
import { numberFormat, timeFormat } from "./formats";

test("a writer is made once, and another style has another", () => {
  expect(numberFormat({ minimumFractionDigits: 3 })).toBe(
    numberFormat({ minimumFractionDigits: 3 }),
  );
  expect(numberFormat({}).format(1)).toBe("1");
  expect(numberFormat({ minimumFractionDigits: 2 }).format(1)).toBe("1.00");
  expect(timeFormat({ timeStyle: "short" })).toBe(timeFormat({ timeStyle: "short" }));
});
