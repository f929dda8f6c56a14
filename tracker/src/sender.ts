/**
 * Brings the queue to the server, one request at a time, batch by batch of one event key; backs off, splits, stops.
 * Takes a queue and gives each entry its fate; clearTimeout throws. While the page is being left it sends all at once.
 */
import { delayAfter } from "./backoff";
import { clearTimeout, now, select, setTimeout } from "./natives";
import type { Entry, Queue } from "./queue";
import { bytesOf } from "./rules";
import { warn } from "./safely";
import { type Answer, bodyOf, judge, post, UNREADABLE } from "./wire";

/** Of the 64 KB that a browser gives all requests that outlive a page, the rest is left to the page itself. */
export const LEAVING_BYTES = 48_000;
const MAX_BATCH = 1000;
/** Long enough to gather the calls of one interaction, short enough to be answered before a click's next page shows. */
const GATHER_MS = 20;

/** After so many failures without an answer that can be read, one try an hour: each may be a repeat. */
const MAX_UNREADABLE = 9;
const UNREADABLE_MS = 3_600_000;

export interface Sender {
  /** There may be something to send. */
  wake(): void;
  /** The network is back: try at once. */
  online(): void;
  /** The page came back from the back/forward cache: what was under way is tried anew. */
  resume(): void;
  /** The page is being hidden or left: send what may otherwise be late or lost. */
  flush(): void;
}

/** `onDrained` hears that everything has been sent. */
export function openSender(connectionId: string, url: string, queue: Queue, onDrained: () => void): Sender {
  let timer: number | undefined;
  let isDraining = false;
  let isStopped = false;
  /** The wait is the timer's, not an instant: clocks are set. */
  let isWaiting = false;
  let isBusy = false;
  let failures = 0;
  let limit = MAX_BATCH;
  let flyingBytes = 0;
  /** How often the page has come back from the back/forward cache. */
  let life = 0;

  const waiting = () => select(queue.all(), ({ flying }) => flying != life);

  const nextBatch = (waiting: Entry[], room: number): Entry[] => {
    let bytes = 200;
    let left = limit;
    return select(
      waiting,
      ({ eventKey, bytes: own }) =>
        eventKey == (waiting[0] as Entry).eventKey && left-- > 0 && (bytes += own + 1) < room,
    );
  };

  const schedule = (ms: number, isWait = false) => {
    clearTimeout(timer);
    isWaiting = isWait;
    timer = setTimeout(drain, ms) as unknown as number;
  };

  const wake = () => {
    if (!timer && !isDraining) schedule(GATHER_MS);
  };

  const settle = (batch: Entry[], [status, text, retryAfterMs]: Answer) => {
    const verdict = judge(status);
    const said = `${url} says ${status} ${text}`;
    if (verdict == "split" && batch.length > 1) return void (limit = Math.ceil(batch.length / 2));
    if (verdict == "settle") {
      failures = 0;
      limit = Math.min(limit * 2, MAX_BATCH);
      return queue.settle(batch, {
        state: "accepted",
        requestId: text.split('"')[3] || "",
      });
    }
    if (!failures || verdict != "retry") warn(said);
    if (verdict == "retry") {
      isBusy = status > UNREADABLE;
      schedule(
        delayAfter(
          failures++,
          status == UNREADABLE && failures > MAX_UNREADABLE ? UNREADABLE_MS : retryAfterMs,
          Math.random(),
        ),
        true,
      );
    } else if (verdict == "stop") isStopped = true;
    else queue.settle(batch, { state: "refused", reason: said });
  };

  const send = async (batch: Entry[], isLeaving: boolean): Promise<void> => {
    const body = bodyOf(connectionId, batch, now());
    const bytes = bytesOf(body);
    // A page that uses up the 64 KB itself makes such requests fail; after a failure do without.
    const keepalive = isLeaving || (!failures && flyingBytes + bytes < LEAVING_BYTES);
    const own = life;
    const count = (sign: number) => {
      if (keepalive) flyingBytes += sign * bytes;
      for (const entry of batch) entry.flying = sign > 0 ? life : undefined;
    };
    count(1);
    const answer = await post(url, body, keepalive, failures > 1);
    if (own == life) count(-1);
    if (own == life || answer[0] == 202) settle(batch, answer);
  };

  const drain = async (): Promise<void> => {
    timer = undefined;
    isWaiting = false;
    queue.trim();
    if (isDraining || isStopped) return;
    isDraining = true;
    for (let batch; !isWaiting && !isStopped && (batch = nextBatch(waiting(), LEAVING_BYTES))[0];)
      await send(batch, false);
    isDraining = false;
    if (!isWaiting && !isStopped) onDrained();
  };

  return {
    wake,
    online() {
      failures = 0;
      schedule(GATHER_MS);
    },
    resume() {
      life++;
      flyingBytes = 0;
      isDraining = false;
      if (!isWaiting) schedule(GATHER_MS);
    },
    flush() {
      for (;;) {
        // While the server asks for patience, what storage holds can wait for the next page. A failure without an answer
        // is none: leaving the page makes its own request fail.
        const ready = select(waiting(), ({ isStored }) => !isStored || !isWaiting || !isBusy);
        const batch = nextBatch(ready, isStopped ? 0 : LEAVING_BYTES - flyingBytes);
        if (!batch[0]) return;
        void send(batch, true).then(wake);
      }
    },
  };
}
