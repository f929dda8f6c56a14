import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "../../src/app/url-codec";

test("a key of twenty digits stays what it is", () => {
  expect(parseSearch("?text=12345678901234567890")).toEqual({ text: "12345678901234567890" });
});

test("what is written is what is read, repeated names and strange letters too", () => {
  const search = { fate: ["processed", "parked"], text: 'a&b="ü"' };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});

test("what is absent or empty leaves no trace", () => {
  expect(stringifySearch({ text: "", since: undefined, until: null })).toBe("");
});
