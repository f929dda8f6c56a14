/** Connections: what there is, what comes in by each, and every change of them. */
import { queryOptions } from "@tanstack/react-query";
import { api, given, givenWithTag, type Schema } from "../client";

export type Connection = Schema["ConnectionView"];
export type ConnectionKind = Schema["ConnectionKind"];
export type Activity = Schema["ConnectionActivity"];
export type Credentials = Schema["Credentials"];
export type TestEvent = Schema["TestEvent"];
export type ConnectionChange = Schema["ConnectionChange"];

export const connectionsQuery = queryOptions({
  queryKey: ["connections", "list"],
  queryFn: async () => (await given(api.GET("/api/connections", { params: { query: { limit: 1000 } } }))).items,
  staleTime: 10_000,
});

export const activityQuery = queryOptions({
  queryKey: ["connections", "activity"],
  queryFn: () => given(api.GET("/api/connections/activity", { params: { query: { days: 14 } } })),
  staleTime: 5_000,
});

export const connectionQuery = (id: string) =>
  queryOptions({
    queryKey: ["connections", "one", id],
    queryFn: () =>
      givenWithTag(api.GET("/api/connections/{connection_id}", { params: { path: { connection_id: id } } })),
  });

export const eventKeysQuery = (id: string) =>
  queryOptions({
    queryKey: ["connections", "event-keys", id],
    queryFn: async () => {
      const path = { connection_id: id };
      return (await given(api.GET("/api/connections/{connection_id}/event-keys", { params: { path } }))).items;
    },
  });

export const doubtfulDatesQuery = (id: string) =>
  queryOptions({
    queryKey: ["connections", "doubtful-dates", id],
    queryFn: async () =>
      (await given(api.GET("/api/doubtful-dates", { params: { query: { connection_id: id } } }))).items,
  });

export const addConnection = (name: string, kind: ConnectionKind) =>
  given(api.POST("/api/connections", { body: { name, kind } as Schema["ConnectionDraft"] }));

export const changeConnection = (id: string, body: ConnectionChange, tag: string | null) =>
  givenWithTag(
    api.PATCH("/api/connections/{connection_id}", {
      params: { path: { connection_id: id }, header: tag ? { "if-match": tag } : {} },
      body,
    }),
  );

export const showKeys = (id: string, kind: ConnectionKind): Promise<Credentials> => {
  const params = { path: { connection_id: id } };
  return kind === "tracking-script"
    ? given(api.GET("/api/connections/{connection_id}/script", { params }))
    : given(api.GET("/api/connections/{connection_id}/keys", { params }));
};

export const rotateKeys = (id: string, graceSeconds: number): Promise<Credentials> =>
  given(
    api.POST("/api/connections/{connection_id}/rotate", {
      params: { path: { connection_id: id } },
      body: { grace_seconds: graceSeconds },
    }),
  );

export const sendTestEvent = (id: string, eventKey: string, payload: Record<string, unknown>): Promise<TestEvent> =>
  given(
    api.POST("/api/connections/{connection_id}/test-event", {
      params: { path: { connection_id: id } },
      body: { event_key: eventKey, payload },
    }),
  );

/** The ETag of the connection where it still is as it was shown; else one that no version has, so that 412 says so. */
export async function tagOf(shown: Connection): Promise<string> {
  const params = { path: { connection_id: shown.id } };
  const now = await givenWithTag(api.GET("/api/connections/{connection_id}", { params }));
  const isTheSame = Object.entries(now.value).every(
    ([name, value]) => JSON.stringify(value) === JSON.stringify(shown[name as keyof Connection]),
  );
  return isTheSame && now.tag ? now.tag : '"another"';
}
