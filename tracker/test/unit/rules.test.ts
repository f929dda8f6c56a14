import { describe, expect, test, vi } from "vitest";
import { check, type Checked, MAX_EVENT_BYTES, randomId } from "../../src/rules";

const CALLED_AT = 1_700_000_000_123;

const checked = (payload: object | undefined, identity = {}): Record<string, unknown> => {
  const result = check("login", payload, identity, CALLED_AT);
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
    expect(check(eventKey, {}, {}, CALLED_AT)).toBeTypeOf("object");
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
    expect(check(eventKey, {}, {}, CALLED_AT)).toMatch(/^eventKey: /);
  });
});

describe("a payload", () => {
  test.each([["text"], [7], [[1, 2]], [true]])("%j is refused", (payload) => {
    expect(check("login", payload, {}, CALLED_AT)).toBe("payload: an object");
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
    expect(check("login", payload, {}, CALLED_AT)).toMatch(/^24\d{3} bytes, more than 24000$/);
  });

  test("that leads into itself, to a getter that throws, or to a BigInt loses that member, and says so", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const hostile: Record<string, unknown> = { ok: 1, big: 1n, deep: { big: 2n, kept: [1, undefined, null] } };
    hostile["self"] = hostile;
    Object.defineProperty(hostile, "trap", {
      enumerable: true,
      get: () => {
        throw new Error("trap");
      },
    });
    expect(checked(hostile)).toMatchObject({ ok: 1, deep: { kept: [1, null, null] } });
    expect(Object.keys(checked(hostile))).not.toContain("big");
    expect(warn.mock.calls.length).toBeGreaterThanOrEqual(3);
    warn.mockRestore();
  });

  test("says what its toJSON says, at the root and below", () => {
    const secretive = { hidden: 1, toJSON: () => ({ shown: 2 }) };
    expect(checked(secretive)).toMatchObject({ shown: 2 });
    expect(checked(secretive)).not.toHaveProperty("hidden");
    expect(checked({ inner: secretive, at: new Date(0) })).toMatchObject({
      inner: { shown: 2 },
      at: "1970-01-01T00:00:00.000Z",
    });
  });

  test("of a whole page's worth of values is refused, and soon", () => {
    const [a, b]: Record<string, unknown>[] = [{}, {}];
    let inner: unknown[] = [1];
    for (let depth = 0; depth < 60; depth++) inner = [inner, inner];
    expect(check("login", { ...a, ...b, inner }, {}, CALLED_AT)).toMatch(/more than 24000$/);
  });

  test.each([
    ['a "quoted" \\ text', "quotes"],
    ["\u0000\u001f\n\t\u2028", "control characters"],
    ["🎉 party", "a whole emoji"],
  ])("text %j is as JSON has it: %s", (text) => {
    expect(checked({ text })["text"]).toBe(text);
  });

  test("with half an emoji has U+FFFD in its place", () => {
    expect(checked({ text: "a\ud83d", "k\udf89": 1 })).toMatchObject({ text: "a\ufffd", "k\ufffd": 1 });
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

  test.each([[{ id: 5 }], [Number.NaN], [Infinity], [false], [["a"]], [10n]])(
    "%s is no id and is left out",
    (companyId) => {
      const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
      expect(checked({}, { companyId })).not.toHaveProperty("companyId");
      expect(checked({ companyId })).not.toHaveProperty("companyId");
      expect(warn).toHaveBeenCalledTimes(2);
      warn.mockRestore();
    },
  );

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

  test("an eventDate that is a Date is its time, and one without a time gives way to that of the call", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    expect(checked({ eventDate: new Date(77) })["eventDate"]).toBe(77);
    expect(checked({ eventDate: 77.5 })["eventDate"]).toBe(77);
    expect(checked({ eventDate: new Date("never") })["eventDate"]).toBe(CALLED_AT);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  test("an idempotencyKey of 128 random bits", () => {
    const keys = new Set(Array.from({ length: 10_000 }, () => checked({})["idempotencyKey"]));
    expect(keys.size).toBe(10_000);
    expect(randomId()).toMatch(/^[0-9a-z]{20,28}$/);
  });
});
