import { describe, expect, test } from "vitest";
import { bodyOf, judge } from "../../src/wire";

describe("an answer", () => {
  test.each([
    [202, "settle"],
    [400, "split"],
    [413, "split"],
    [422, "split"],
    [401, "stop"],
    [403, "stop"],
    [404, "stop"],
    [405, "stop"],
    [410, "stop"],
    [415, "stop"],
    [0, "retry"],
    [200, "retry"],
    [204, "retry"],
    [302, "retry"],
    [408, "retry"],
    [425, "retry"],
    [429, "retry"],
    [500, "retry"],
    [502, "retry"],
    [503, "retry"],
    [599, "retry"],
  ])("%i means %s", (status, verdict) => {
    expect(judge(status)).toBe(verdict);
  });
});

test("a body is the JSON that the door takes, with the texts as they were, and our clock", () => {
  const batch = [{ text: '{"a":1.0}' }, { text: '{"b":[]}' }].map((entry) => ({ ...entry, eventKey: "Größe" }));
  const body = bodyOf('k"1', batch, 1_700_000_000_000);
  expect(body).toContain('"data":[{"a":1.0},{"b":[]}]');
  expect(JSON.parse(body)).toEqual({
    connectionId: 'k"1',
    eventKey: "Größe",
    sentAt: 1_700_000_000_000,
    data: [{ a: 1 }, { b: [] }],
  });
});
