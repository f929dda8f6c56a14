import { expect, test } from "vitest";
import { parseExact, writeExact } from "../../src/api/exact-json";

test.each([
  "12345678901234567890",
  "0.1000",
  "1e400",
  "-0",
  '{"a":[1,2.50,{"b":null}],"c":"\\u00e9 \\" \\\\","d":true}',
  "[]",
  "{}",
  '{"__proto__":1}',
])("%s leaves as it came", (text) => {
  const value = parseExact(text);
  expect(JSON.parse(writeExact(value))).toEqual(JSON.parse(text));
  for (const digits of text.match(/-?\d[\d.e]*/g) ?? [])
    if (!text.includes("\\u")) expect(writeExact(value)).toContain(digits);
});

test.each(["", "{", "[1,]", "01", "tru", '{"a":}', "1 2", "'a'"])("%j is refused", (text) => {
  expect(() => parseExact(text)).toThrow(SyntaxError);
});

test("written with an indent it is what JSON.stringify writes", () => {
  const value = { a: [1, { b: "c" }], d: {} };
  expect(writeExact(value, 2)).toBe(JSON.stringify(value, null, 2));
});
