/** The event log: pages newest first, one event's whole way, counts over time, refusals. Payloads stay exact. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, given, givenExact, type Schema } from "../client";
import { type Exact, parseExact } from "../exact-json";
import { follow, type Stream } from "../live-streams";

export type LoggedEvent = Omit<Schema["EventView"], "payload"> & { payload: Exact };
export type EventTrace = Omit<Schema["EventTrace"], "payload"> & { payload: Exact };
export type Rejection = Schema["RejectionView"];
export type Fate = Schema["Fate"];

/** Members by the API's own names; what is absent does not narrow. */
export interface EventFilter {
  connection_id?: string | undefined;
  event_key?: string | undefined;
  fate?: "processed" | "duplicate" | "parked" | undefined;
  since?: string | undefined;
  until?: string | undefined;
  text?: string | undefined;
  date_flag?: Schema["DateFlag"] | "any" | undefined;
}

const PAGE = 100;

export const eventsQuery = (filter: EventFilter) =>
  infiniteQueryOptions({
    queryKey: ["events", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      givenExact<{ items: LoggedEvent[]; next: string | null }>(
        api.GET("/api/events", {
          params: { query: { ...filter, limit: PAGE, cursor: pageParam } },
          parseAs: "text",
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    staleTime: Infinity,
  });

export const eventBarsQuery = (filter: EventFilter) =>
  queryOptions({
    queryKey: ["events", "bars", filter],
    queryFn: ({ signal }) => given(api.GET("/api/events/bars", { params: { query: filter }, signal })),
    staleTime: 10_000,
  });

export const eventTraceQuery = (id: string) =>
  queryOptions({
    queryKey: ["events", "trace", id],
    queryFn: () =>
      givenExact<EventTrace>(
        api.GET("/api/events/{event_id}", { params: { path: { event_id: id } }, parseAs: "text" }),
      ),
  });

/** What became of a request's events, waiting for it a few seconds. */
export const requestQuery = (id: string, waitSeconds: number) =>
  queryOptions({
    queryKey: ["events", "request", id],
    queryFn: () =>
      givenExact<{ events: LoggedEvent[] }>(
        api.GET("/api/requests/{request_id}", {
          params: { path: { request_id: id }, query: { wait: waitSeconds } },
          parseAs: "text",
        }),
      ),
    staleTime: Infinity,
    retry: false,
  });

export const rejectionsQuery = (filter: { connection_id?: string | undefined }) =>
  queryOptions({
    queryKey: ["events", "rejections", filter],
    queryFn: async () =>
      (await given(api.GET("/api/rejections", { params: { query: { ...filter, limit: 500 } } }))).items,
    staleTime: 5_000,
  });

/** Events as they are processed, from the newest of the list on, or only what comes next. */
export function followEvents(filter: EventFilter, take: (event: LoggedEvent) => void): Stream {
  return follow(
    (after) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
      if (after) query.set("after", after);
      return `/api/events/live?${query}`;
    },
    (data) => take(parseExact(data) as unknown as LoggedEvent),
  );
}
