/**
 * One POST /analytics: takes the events' texts as they are kept, gives a verdict; never throws.
 * A string body is text/plain, so that no preflight is needed (a page that is being left has no time for one).
 */
import { retryAfterMs } from "./backoff";

/** What to do with a batch. `retry` with status 0 is a network failure. */
export type Verdict =
  | { do: "settle"; requestId: string }
  | { do: "split" | "stop"; status: number; answer: string }
  | { do: "retry"; status: number; afterMs?: number | undefined };

/** Longer than any healthy answer; a request that hangs must not hold back the rest for ever. */
const TIMEOUT_MS = 30_000;

/** Fetch joins the texts: they were serialised once, when the event happened, and stay as they were. */
export const bodyOf = (connectionId: string, eventKey: string, texts: string[]): string =>
  `{"connectionId":${JSON.stringify(connectionId)},"eventKey":${JSON.stringify(eventKey)},"data":[${texts.join()}]}`;

/**
 * 202 alone means that the events are on disk: a 200 may come from a captive portal. Of the rest, 400, 413 and 422 speak
 * of the content, 408, 425, 429 and 5xx of the moment; any other 4xx will not change while this page lives.
 */
export function judge(status: number, answer: string, retryAfter: string | null, now: number): Verdict {
  if (status == 202) return { do: "settle", requestId: /"requestId":\s*"([^"]*)/.exec(answer)?.[1] ?? "" };
  if (status == 400 || status == 413 || status == 422) return { do: "split", status, answer };
  if (status < 400 || status > 499 || status == 408 || status == 425 || status == 429)
    return { do: "retry", status, afterMs: retryAfterMs(retryAfter, now) };
  return { do: "stop", status, answer };
}

/** `keepalive`: let the request outlive the page. Browsers give all such requests of a page 64 KB together. */
export async function post(apiUrl: string, body: string, keepalive: boolean, signal: AbortController): Promise<Verdict> {
  const timer = setTimeout(() => signal.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(`${apiUrl}/analytics`, {
      method: "POST",
      body,
      keepalive,
      credentials: "omit",
      priority: "low",
      signal: signal.signal,
    });
    return judge(response.status, await response.text().catch(() => ""), response.headers.get("retry-after"), Date.now());
  } catch {
    return { do: "retry", status: 0 };
  } finally {
    clearTimeout(timer);
  }
}
