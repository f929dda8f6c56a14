import { expect, test } from "vitest";
import { delayAfter } from "../../src/backoff";

test.each([
  [0, 0, 500],
  [0, 0.999_999, 1000],
  [1, 0.999_999, 2000],
  [2, 0.999_999, 4000],
  [2, 0, 2000],
  [20, 0.999_999, 300_000],
  [20, 0, 150_000],
  [2000, 0.5, 225_000],
])("failure %i with chance %f waits about %i ms", (attempt, random, expected) => {
  expect(delayAfter(attempt, 0, random)).toBeCloseTo(expected, -1);
});

test("a server's Retry-After is kept, with up to a second of jitter on top", () => {
  expect(delayAfter(0, 30_000, 0)).toBe(30_000);
  expect(delayAfter(9, 30_000, 0.5)).toBe(30_500);
});

test("a Retry-After of days is cut to an hour", () => {
  expect(delayAfter(0, 86_400_000, 0)).toBe(3_600_000);
});

test("a Retry-After that is no number of seconds counts as none", () => {
  expect(delayAfter(0, Number.NaN, 0)).toBe(500);
});
