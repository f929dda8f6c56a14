/**
 * One POST /analytics: takes the events' texts as they are kept, gives a verdict; clearTimeout throws.
 * A string body is text/plain, so that no preflight is needed (a page that is being left has no time for one).
 */
import { quote } from "./json";
import type { Entry } from "./queue";
import { Eventually, fetch, setTimeout } from "./natives";

/** What an answer asks for. */
export type Verdict = "settle" | "split" | "stop" | "retry";

/** The status, or 0 for a network failure; the beginning of the text; Retry-After, NaN where it is a date. */
export type Answer = [status: number, text: string, retryAfterMs: number];

/**
 * For a status: something answers, but the page may not read what. A service worker or a wrapper of `fetch` has changed
 * the request, or a proxy speaks for the server. The events may be on disk, or not.
 */
export const UNREADABLE = 1;

/** Longer than any healthy answer; a request that hangs must not hold back the rest for ever. */
const TIMEOUT_MS = 30_000;

/** Joins the texts: they were serialised once, when the event happened, and stay as they were. `sentAt`: by our clock. */
export function bodyOf(connectionId: string, batch: Pick<Entry, "eventKey" | "text">[], sentAt: number): string {
  let data = "";
  for (const { eventKey, text } of batch)
    data += data
      ? `,${text}`
      : `{"connectionId":${quote(connectionId)},"eventKey":${quote(eventKey)},"sentAt":${sentAt},"data":[${text}`;
  return `${data}]}`;
}

/**
 * 202 alone means that the events are on disk: a 200 may come from a captive portal. 400, 413 and 422 speak of the
 * content, 408, 425, 429 and 5xx of the moment; any other 4xx will not change while this page lives.
 */
export function judge(status: number): Verdict {
  if (status == 202) return "settle";
  if (/400|413|422/.test(`${status}`)) return "split";
  return /^[^4]|408|425|429/.test(`${status}`) ? "retry" : "stop";
}

/**
 * `keepalive`: let the request outlive the page. Browsers give all such requests of a page 64 KB together.
 * `isProbing`: where no answer can be read, see by a request without events whether there is one.
 */
export const post = (url: string, body: string, keepalive: boolean, isProbing: boolean): Promise<Answer> =>
  new Eventually(async (resolve) => {
    const answer: Answer = [0, "", 0];
    const controller = new window.AbortController();
    // By a timer of our own that does not count on abort(): after a time in the back/forward cache that settles nothing.
    setTimeout(() => {
      resolve(answer);
      controller.abort();
    }, TIMEOUT_MS);
    try {
      const { signal } = controller;
      const response = await fetch(url, {
        method: "POST",
        body,
        keepalive,
        credentials: "omit",
        priority: "low",
        signal,
      });
      answer[0] = response.status;
      answer[2] = +response.headers.get("retry-after")! * 1000;
      answer[1] = (await response.text()).slice(0, 500);
    } catch {
      // No answer, or none that can be read to its end: the status says which.
      if (isProbing && !answer[0])
        try {
          await fetch(url, { mode: "no-cors" });
          answer[0] = UNREADABLE;
        } catch {
          // None.
        }
    }
    resolve(answer);
  });
