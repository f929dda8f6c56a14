/** What a test asks of a running Milepost: connections of its own, and what their event logs hold. */
import { ADMIN, type Address } from "./milepost";

export interface LoggedEvent {
  eventKey: string;
  eventDateMs: number;
  isDuplicate: boolean;
  payload: Record<string, unknown>;
}

export interface EventLog {
  /** The Analytics Key of a tracking-script connection that no test has used yet. */
  takeConnection(): string;
  /** All events of a connection, in the order of arrival. */
  events(analyticsKey: string): Promise<LoggedEvent[]>;
}

type Row = { event_key: string; event_date: string; fate: string; payload: Record<string, unknown> };
type Connection = { id: string; analyticsKey: string };

/** Workers learn of a new connection within a second; until then its key is unknown to them. */
async function untilKnown(apiUrl: string, connectionId: string): Promise<void> {
  const body = JSON.stringify({ connectionId, eventKey: "probe", data: [] });
  while ((await fetch(`${apiUrl}/analytics`, { method: "POST", body })).status != 400)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** `connections`: how many can be taken. */
export async function openEventLog({ apiUrl, appUrl }: Address, connections: number): Promise<EventLog> {
  const unused: Connection[] = [];
  const ids = new Map<string, string>();
  let cookie = "";

  const call = async (path: string, body?: object): Promise<Response> => {
    const post = body && { method: "POST", body: JSON.stringify(body) };
    const headers = { "content-type": "application/json", cookie };
    const response = await fetch(`${appUrl}/api${path}`, { ...post, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };

  cookie = (await call("/session", ADMIN)).headers.get("set-cookie")?.split(";")[0] ?? "";
  for (let n = 0; n < connections; n++) {
    const draft = { name: `Test ${crypto.randomUUID()}`, kind: "tracking-script" };
    const made = (await (await call("/connections", draft)).json()) as Connection;
    unused.push(made);
    ids.set(made.analyticsKey, made.id);
  }
  await untilKnown(apiUrl, unused.at(-1)?.analyticsKey ?? "");

  return {
    takeConnection() {
      const taken = unused.pop();
      if (!taken) throw new Error(`The tests of this file use more than ${connections} connections.`);
      return taken.analyticsKey;
    },
    async events(analyticsKey) {
      const rows: Row[] = [];
      for (let cursor: string | null = ""; cursor != null;) {
        const query = new URLSearchParams({ connection_id: ids.get(analyticsKey) ?? "", limit: "500" });
        if (cursor) query.set("cursor", cursor);
        const page = (await (await call(`/events?${query}`)).json()) as { items: Row[]; next: string | null };
        rows.push(...page.items);
        cursor = page.next;
      }
      return rows.reverse().map(({ event_key, event_date, fate, payload }) => ({
        eventKey: event_key,
        eventDateMs: Date.parse(event_date),
        isDuplicate: fate == "duplicate",
        payload,
      }));
    },
  };
}
