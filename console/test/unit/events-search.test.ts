import { expect, test } from "vitest";
import { filterOf, validateEventsSearch } from "../../src/pages/events/search";

test("what an address says that the log does not know is left out", () => {
  expect(validateEventsSearch({ fate: "lost", since: "yesterday", tab: "x", text: "a", event: "e" })).toEqual({
    text: "a",
    event: "e",
  });
});

test("the chosen event and the tab do not narrow the log", () => {
  expect(filterOf(validateEventsSearch({ event: "e", tab: "refused", live: "off", fate: "parked" }))).toEqual({
    fate: "parked",
  });
});
