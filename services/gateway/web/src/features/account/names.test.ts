import { expect, test } from "vitest";
import { feesOf, fundingOf, interestOf } from "./names";

test("what was paid is not negative beside its name", () => {
  expect(fundingOf("-0.40")).toEqual({ name: "Funding paid", sum: "0.40 USD" });
  expect(fundingOf("1.5")).toEqual({ name: "Funding received", sum: "1.50 USD" });
  expect(interestOf("-2")).toEqual({ name: "Interest paid", sum: "2.00 USD" });
  expect(feesOf("-0.36")).toEqual({ name: "Rebates less fees", sum: "+0.36 USD" });
});

test("nothing is neither paid nor received", () => {
  expect(fundingOf("0")).toEqual({ name: "Funding", sum: "0.00 USD" });
  expect(fundingOf(null)).toEqual({ name: "Funding", sum: "–" });
});
