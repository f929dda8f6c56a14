import { expect, test } from "vitest";
import { reasonNotToTrack } from "../../src/privacy";

const GPC = { globalPrivacyControl: true };
const DNT = { doNotTrack: "1" };

test.each([
  ["by default", null, {}, {}, undefined],
  ["where the browser says nothing", null, {}, { doNotTrack: null }, undefined],
  ["under Global Privacy Control", null, {}, GPC, "GPC"],
  ["under Do Not Track", null, {}, DNT, "DNT"],
  ["under both, if told to ignore them", null, { ignoreDoNotTrack: true }, { ...GPC, ...DNT }, undefined],
  ["under both, with the user's own consent", "1", {}, { ...GPC, ...DNT }, undefined],
  ["before consent, where it is required", null, { consentRequired: true }, {}, "no consent"],
  [
    "before consent, where signals are ignored",
    null,
    { consentRequired: true, ignoreDoNotTrack: true },
    {},
    "no consent",
  ],
  ["after consent", "1", { consentRequired: true }, {}, undefined],
  ["after a refusal", "0", {}, {}, "no consent"],
  ["after a refusal, whatever is ignored", "0", { ignoreDoNotTrack: true }, {}, "no consent"],
])("%s", (_, choice, context, signals, reason) => {
  expect(reasonNotToTrack(choice, context, signals)).toBe(reason);
});
