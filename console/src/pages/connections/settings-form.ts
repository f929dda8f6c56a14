/** A connection as its form has it, and back: what is changed, in the API's own words. */
import type { Connection, ConnectionChange } from "../../api/queries/connections";
import { connections as words } from "../../words/en/connections";

export const FIELDS = ["name", "allowed_origins", "rate_limit", "doubtful_dates"] as const;

export interface Form {
  name: string;
  is_enabled: boolean;
  allowed_origins: string;
  events_per_second: string;
  doubtful_dates: string;
}

export const formOf = (connection: Connection): Form => ({
  name: connection.name,
  is_enabled: connection.is_enabled,
  allowed_origins: connection.allowed_origins.join("\n"),
  events_per_second: connection.rate_limit ? String(connection.rate_limit.events_per_second) : "",
  doubtful_dates: connection.doubtful_dates,
});

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

/** Only what differs from what was read. */
export function changeOf(connection: Connection, form: Form): ConnectionChange {
  const before = formOf(connection);
  const change: ConnectionChange = {};
  if (form.name !== before.name) change.name = form.name;
  if (form.is_enabled !== before.is_enabled) change.is_enabled = form.is_enabled;
  if (form.allowed_origins !== before.allowed_origins) change.allowed_origins = lines(form.allowed_origins);
  if (form.doubtful_dates !== before.doubtful_dates)
    change.doubtful_dates = form.doubtful_dates as Connection["doubtful_dates"];
  if (form.events_per_second !== before.events_per_second)
    change.rate_limit = form.events_per_second
      ? ({ events_per_second: Number(form.events_per_second) } as NonNullable<ConnectionChange["rate_limit"]>)
      : null;
  return change;
}

/** Its settings as rows of words, to compare two versions. */
export function shown(connection: Connection): [string, string][] {
  const limit = connection.rate_limit?.events_per_second;
  return [
    [words.rename, connection.name ?? ""],
    [words.enabledSwitch, connection.is_enabled ? words.enabled : words.disabled],
    [words.origins, (connection.allowed_origins ?? []).join(", ")],
    [words.limit, limit === undefined ? "" : String(limit)],
    [words.datesSetting, connection.doubtful_dates === "refuse" ? words.datesRefuse : words.datesFlag],
  ];
}
