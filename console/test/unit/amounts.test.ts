import { expect, test } from "vitest";
import { exactTime, relativeTime, shortNumber } from "../../src/words/amounts";

const now = new Date("2026-12-01T12:00:00Z");

test.each([
  ["2026-12-01T11:59:58Z", "now"],
  ["2026-12-01T11:57:00Z", "3 min. ago"],
  ["2026-11-30T12:00:00Z", "yesterday"],
  ["2026-12-11T12:00:00Z", "next wk."],
])("%s is said as %s", (at, said) => {
  expect(relativeTime(new Date(at), now)).toBe(said);
});

test("an exact time says its zone", () => {
  expect(exactTime(now, "Europe/Berlin")).toMatch(/13:00:00|1:00:00/);
});

test("large numbers are short, others are whole", () => {
  expect([shortNumber(59_124), shortNumber(2_000_000)]).toEqual(["59,124", "2M"]);
});
