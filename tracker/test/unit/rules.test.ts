import { describe, expect, test } from "vitest";
import { check, type Checked, MAX_EVENT_BYTES, randomId } from "../../src/rules";

const CALLED_AT = 1_700_000_000_123;

const checked = (payload: object | undefined, identity = {}): Record<string, unknown> => {
  const result = check("login", payload, payload, identity, CALLED_AT);
  return JSON.parse((result as Checked).text);
};

describe("an event key", () => {
  test.each([
    ["logins", "plain"],
    ["Order Placed", "with a blank"],
    ["a$b", "with a dollar inside"],
    ["größe/ä", "beyond ASCII"],
    ["x".repeat(256), "of 256 characters"],
  ])("%s passes: %s", (eventKey) => {
    expect(check(eventKey, {}, {}, {}, CALLED_AT)).toBeTypeOf("object");
  });

  test.each([
    ["", "empty"],
    ["$set", "begins with a dollar"],
    ["a:b", "has a colon"],
    ["a.b", "has a period"],
    ["x".repeat(257), "too long"],
    [42, "a number"],
    [undefined, "missing"],
    [null, "null"],
    [{}, "an object"],
  ] as [unknown, string][])("%s is refused: %s", (eventKey) => {
    expect(check(eventKey, {}, {}, {}, CALLED_AT)).toMatch(/^eventKey: /);
  });
});

describe("a payload", () => {
  test.each([["text"], [7], [[1, 2]], [true]])("%j is refused", (payload) => {
    expect(check("login", payload, undefined, {}, CALLED_AT)).toBe("payload: an object");
  });

  test("may be left out", () => {
    expect(checked(undefined)).toMatchObject({ eventDate: CALLED_AT });
  });

  test("is sent with its nested values", () => {
    expect(checked({ plan: "pro", cart: { items: [1, { sku: "x" }] } })).toMatchObject({
      plan: "pro",
      cart: { items: [1, { sku: "x" }] },
    });
  });

  test("of more bytes than can be sent is refused with both numbers", () => {
    const payload = { text: "ä".repeat(MAX_EVENT_BYTES / 2) };
    expect(check("login", payload, payload, {}, CALLED_AT)).toMatch(/^24\d{3} bytes, more than 24000$/);
  });

  test("that JSON cannot say makes check throw", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(() => check("login", circle, circle, {}, CALLED_AT)).toThrow();
  });
});

describe("the context", () => {
  test("is added", () => {
    expect(checked({}, { companyId: "acme", userId: "u1" })).toMatchObject({ companyId: "acme", userId: "u1" });
  });

  test("becomes text", () => {
    expect(checked({}, { companyId: 42 })).toMatchObject({ companyId: "42" });
  });

  test.each([[""], [null], [undefined]])("%j means unknown and is left out", (companyId) => {
    expect(checked({}, { companyId })).not.toHaveProperty("companyId");
  });

  test("gives way to the payload's own ids", () => {
    expect(checked({ companyId: "own" }, { companyId: "acme", userId: "u1" })).toMatchObject({
      companyId: "own",
      userId: "u1",
    });
  });
});

describe("what the tracker adds", () => {
  test("the eventDate is that of the call", () => {
    expect(checked({})["eventDate"]).toBe(CALLED_AT);
  });

  test("the payload's own eventDate and idempotencyKey stand", () => {
    expect(checked({ eventDate: 5, idempotencyKey: "k" })).toEqual({ eventDate: 5, idempotencyKey: "k" });
  });

  test("an idempotencyKey of 128 random bits", () => {
    const keys = new Set(Array.from({ length: 10_000 }, () => checked({})["idempotencyKey"]));
    expect(keys.size).toBe(10_000);
    expect(randomId()).toMatch(/^[0-9a-z]{20,28}$/);
  });
});
