/** What the address of the events says: the filter by the API's own names, the chosen event, the tab, live or paused. */
import type { EventFilter } from "../../api/queries/events";

export interface EventsSearch extends EventFilter {
  event?: string;
  tab?: "refused";
  live?: "off";
}

const FATES = ["processed", "duplicate", "parked"] as const;
const FLAGS = ["any", "in_seconds", "near_1970", "in_future", "clock_far_off"] as const;

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);
const among = <T extends string>(values: readonly T[], value: unknown): T | undefined =>
  values.find((one) => one === value);
const instant = (value: unknown): string | undefined => {
  const given = text(value);
  return given !== undefined && !Number.isNaN(Date.parse(given)) ? given : undefined;
};

const without = <T extends object>(search: T): T =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;

export const filterOf = (search: EventsSearch): EventFilter =>
  without({
    connection_id: search.connection_id,
    event_key: search.event_key,
    fate: search.fate,
    since: search.since,
    until: search.until,
    text: search.text,
    date_flag: search.date_flag,
  });

export function validateEventsSearch(search: Record<string, unknown>): EventsSearch {
  return without({
    connection_id: text(search["connection_id"]),
    event_key: text(search["event_key"]),
    fate: among(FATES, search["fate"]),
    since: instant(search["since"]),
    until: instant(search["until"]),
    text: text(search["text"]),
    date_flag: among(FLAGS, search["date_flag"]),
    event: text(search["event"]),
    tab: among(["refused"] as const, search["tab"]),
    live: among(["off"] as const, search["live"]),
  }) as EventsSearch;
}
