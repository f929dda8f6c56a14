/** A network that fails on command, in front of the real server: a request passes unless `onRequest` says otherwise. */
import http from "node:http";
import type { AddressInfo } from "node:net";

/** `drop`: the server never sees it. `swallow`: the server takes it, the answer is lost. `hang`: no answer ever. */
export type Fault = "drop" | "swallow" | "hang" | { status: number; headers?: Record<string, string>; body?: string };

export interface Seen {
  method: string;
  path: string;
  at: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  hasPassed: boolean;
}

export interface Proxy {
  readonly url: string;
  readonly requests: Seen[];
  /** The POSTs to /analytics among them. */
  posts(): Seen[];
  /** Called for each request but those for the script; undefined lets it pass. */
  onRequest: (seen: Seen) => Fault | undefined;
  /** All requests meet this fault; undefined: none. */
  break(fault?: Fault): void;
  close(): Promise<void>;
}

const CORS = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" };

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

export async function startProxy(target: string): Promise<Proxy> {
  const agent = new http.Agent({ keepAlive: false });

  const forward = (seen: Seen, response: http.ServerResponse, isSwallowed: boolean) => {
    const headers = { ...seen.headers, host: new URL(target).host };
    const onward = http.request(target + seen.path, { method: seen.method, headers, agent }, (answer) => {
      if (isSwallowed) {
        answer.resume();
        answer.on("end", () => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    onward.end(seen.body);
  };

  const server = http.createServer(async (request, response) => {
    const { method = "", url: path = "", headers } = request;
    const seen: Seen = {
      method,
      path,
      at: Date.now(),
      headers,
      body: await bodyOf(request).catch(() => ""),
      hasPassed: false,
    };
    proxy.requests.push(seen);
    const fault = path == "/mcx.js" ? undefined : proxy.onRequest(seen);
    seen.hasPassed = fault == undefined || fault == "swallow";
    if (fault == "drop") response.destroy();
    else if (seen.hasPassed) forward(seen, response, fault == "swallow");
    else if (typeof fault == "object")
      response.writeHead(fault.status, { ...CORS, ...fault.headers }).end(fault.body ?? "");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));

  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    posts: () => proxy.requests.filter(({ method, path }) => method == "POST" && path == "/analytics"),
    onRequest: () => undefined,
    break: (fault) => void (proxy.onRequest = () => fault),
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
  return proxy;
}
