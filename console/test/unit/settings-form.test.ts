import { expect, test } from "vitest";
import type { Connection } from "../../src/api/queries/connections";
import { changeOf, formOf } from "../../src/pages/connections/settings-form";

const connection: Connection = {
  id: "1",
  name: "Shop",
  kind: "tracking-script",
  is_enabled: true,
  scopes: [],
  allowed_origins: ["https://a.example"],
  rate_limit: { events_per_second: 10, burst: 10 },
  track_event_key: "name",
  delivery_id: "auto",
  doubtful_dates: "flag",
  created_at: "2026-12-01T00:00:00Z",
};

test("a form that nobody touched changes nothing", () => {
  expect(changeOf(connection, formOf(connection))).toEqual({});
});

test("only what is changed is sent", () => {
  const form = { ...formOf(connection), allowed_origins: " https://b.example\n\n", events_per_second: "" };
  expect(changeOf(connection, form)).toEqual({ allowed_origins: ["https://b.example"], rate_limit: null });
});
