/**
 * One POST /analytics: takes the events' texts as they are kept, gives a verdict; never throws.
 * A string body is text/plain, so that no preflight is needed (a page that is being left has no time for one).
 */
/** What an answer asks for. */
export type Verdict = "settle" | "split" | "stop" | "retry";

/** The status, or 0 for a network failure; the beginning of the text; Retry-After, NaN where it is a date. */
export type Answer = [status: number, text: string, retryAfterMs: number];

/** Longer than any healthy answer; a request that hangs must not hold back the rest for ever. */
const TIMEOUT_MS = 30_000;

/** Joins the texts: they were serialised once, when the event happened, and stay as they were. */
export const bodyOf = (connectionId: string, eventKey: string, texts: string[]): string =>
  `${JSON.stringify({ connectionId, eventKey }).slice(0, -1)},"data":[${texts}]}`;

/**
 * 202 alone means that the events are on disk: a 200 may come from a captive portal. 400, 413 and 422 speak of the
 * content, 408, 425, 429 and 5xx of the moment; any other 4xx will not change while this page lives.
 */
export function judge(status: number): Verdict {
  if (status == 202) return "settle";
  if (/400|413|422/.test(`${status}`)) return "split";
  return /^[^4]|408|425|429/.test(`${status}`) ? "retry" : "stop";
}

/** `keepalive`: let the request outlive the page. Browsers give all such requests of a page 64 KB together. */
export async function post(url: string, body: string, keepalive: boolean): Promise<Answer> {
  const answer: Answer = [0, "", 0];
  try {
    // Browsers older than AbortSignal.timeout wait as long as they please.
    const signal = AbortSignal.timeout?.(TIMEOUT_MS) as AbortSignal;
    const response = await fetch(url, {
      method: "POST",
      body,
      keepalive,
      credentials: "omit",
      priority: "low",
      signal,
    });
    answer[0] = response.status;
    answer[2] = +(response.headers.get("retry-after") ?? 0) * 1000;
    answer[1] = (await response.text()).slice(0, 500);
  } catch {
    // No answer, or none that can be read to its end: the status says which.
  }
  return answer;
}
