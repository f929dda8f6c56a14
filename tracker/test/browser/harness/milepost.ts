/** Milepost as the tests see it: a place to send to, connections, and the event log. */
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface LoggedEvent {
  eventKey: string;
  eventDateMs: number;
  isDuplicate: boolean;
  payload: Record<string, unknown>;
}

export interface Milepost {
  readonly apiUrl: string;
  /** The Analytics Key of a new tracking-script connection. */
  addConnection(): Promise<string>;
  /** All events of a connection, in the order of arrival. */
  events(analyticsKey: string): Promise<LoggedEvent[]>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startMilepost(): Promise<Milepost> {
  const log: (LoggedEvent & { key: string })[] = [];
  const keys = new Set<string>();
  const server = http.createServer(async (request, response) => {
    const cors = { "access-control-allow-origin": "*" };
    if (request.url == "/mcx.js") {
      response.writeHead(200, { "content-type": "text/javascript", ...cors });
      response.end(readFileSync(new URL("../../../dist/mcx.js", import.meta.url)));
      return;
    }
    let text = "";
    for await (const part of request) text += part;
    const body = JSON.parse(text);
    if (!keys.has(body.connectionId)) return void response.writeHead(401, cors).end("{}");
    const bad = body.data.some((p: any) => !Number.isInteger(p.eventDate));
    if (bad) return void response.writeHead(400, cors).end('{"faults":[]}');
    for (const payload of body.data) {
      const isDuplicate = log.some((e) => e.payload["idempotencyKey"] == payload.idempotencyKey && e.key == body.connectionId);
      log.push({ key: body.connectionId, eventKey: body.eventKey, eventDateMs: payload.eventDate, isDuplicate, payload });
    }
    response.writeHead(202, { "content-type": "application/json", ...cors }).end('{"requestId":"r"}');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    addConnection: async () => {
      const key = `k${keys.size}${Math.random().toString(36).slice(2)}`;
      keys.add(key);
      return key;
    },
    events: async (key) => log.filter((e) => e.key == key),
    restart: async () => undefined,
    stop: async () => void server.close(),
  };
}
