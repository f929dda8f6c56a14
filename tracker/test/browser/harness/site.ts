/** A web site of test/fixtures/*.html: fills in the snippets, sends what headers the test asks for. */
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

export interface SnippetFields {
  connectionId: string;
  apiUrl: string;
  [field: string]: unknown;
}

/** The snippet as a site's engineer fills it in. */
export function snippet(fields: SnippetFields): string {
  const source = read("snippet.html").replace("ANALYTICS_KEY", '""').replace("API_URL", '""');
  const start = source.lastIndexOf("({") + 1;
  return source.slice(0, start) + JSON.stringify(fields) + source.slice(source.lastIndexOf("})") + 1);
}

export const script = (fields: SnippetFields): string =>
  snippet(fields)
    .replace(/<\/?script>/g, "")
    .trim();

export interface Site {
  readonly url: string;
  /** What replaces `{{NAME}}` in the fixtures. */
  readonly values: Record<string, string>;
  /** Headers of every page. */
  headers: Record<string, string>;
  close(): Promise<void>;
}

export async function startSite(values: Record<string, string> = {}): Promise<Site> {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    const fill = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => site.values[name] ?? "");
    try {
      if (pathname == "/index.mjs") {
        response.writeHead(200, { "content-type": "text/javascript" }).end(read("dist/index.js"));
      } else if (pathname.endsWith(".js")) {
        response.writeHead(200, { "content-type": "text/javascript" }).end(site.values[pathname.slice(1, -3)] ?? "");
      } else {
        const html = fill(read(`test/fixtures/${pathname.slice(1) || "plain.html"}`));
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...site.headers }).end(html);
      }
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const site: Site = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    values,
    headers: {},
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
  return site;
}
