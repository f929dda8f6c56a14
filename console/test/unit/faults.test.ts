import { expect, test } from "vitest";
import { byField, fieldOf } from "../../src/parts/faults";

test("a fault of the API names the field that a form has", () => {
  expect(fieldOf("rules.members[1].value")).toBe("rules.members.1.value");
});

test("every fault lands on a field, or in the summary with its place", () => {
  const faults = [
    { path: "name", reason: "is taken" },
    { path: "allowed_origins[0]", reason: "is no origin" },
    { path: "other", reason: "is odd" },
    { path: "", reason: "is not JSON" },
  ];
  expect(byField(faults, ["name", "allowed_origins"])).toEqual({
    name: "is taken",
    allowed_origins: "is no origin",
    "": "other: is odd; is not JSON",
  });
});
