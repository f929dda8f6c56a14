import { expect, test } from "vitest";
import { LEASE_MS, openPresence } from "../../src/presence";

const takes = (lastAt: number): boolean => {
  let isTaken = false;
  openPresence("mcx:k:a", undefined).takeOver("mcx:k:b", lastAt, () => void (isTaken = true));
  return isTaken;
};

test("without Web Locks a page's latest event is its lease", () => {
  expect(takes(Date.now() - LEASE_MS + 1000)).toBe(false);
});

test("without Web Locks a page whose lease has run out is taken over", () => {
  expect(takes(Date.now() - LEASE_MS - 1000)).toBe(true);
});
