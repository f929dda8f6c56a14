/**
 * Brings the queue to the server, one request at a time, batch by batch of one event key; backs off, splits, stops.
 * Takes a queue and gives each entry its fate; never throws. While the page is being left it sends all at once.
 */
import { delayAfter } from "./backoff";
import type { Entry, Queue } from "./queue";
import { bytesOf } from "./rules";
import { warn } from "./safely";
import { type Answer, bodyOf, judge, post } from "./wire";

/** Of the 64 KB that a browser gives all requests that outlive a page, the rest is left to the page itself. */
export const LEAVING_BYTES = 48_000;
const MAX_BATCH = 1000;
/** Long enough to gather the calls of one interaction, short enough to be answered before a click's next page shows. */
const GATHER_MS = 20;

export interface Sender {
  /** There may be something to send. */
  wake(): void;
  /** The network is back: try at once. */
  online(): void;
  /** The page is being hidden or left: send what may otherwise be late or lost. */
  flush(): void;
}

/** `adopt` takes over what dead pages left; `onDrained` hears that everything has been sent. */
export function openSender(
  connectionId: string,
  url: string,
  queue: Queue,
  adopt: () => Promise<void>,
  onDrained: () => void,
): Sender {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDraining = false;
  let isStopped = false;
  let failures = 0;
  let resumeAt = 0;
  let limit = MAX_BATCH;
  let flyingBytes = 0;

  const pause = () => (isStopped ? Infinity : resumeAt - Date.now());

  const nextBatch = (waiting: Entry[], room: number): Entry[] => {
    let bytes = 200;
    return waiting
      .filter(({ eventKey, bytes: own }) => eventKey == waiting[0]?.eventKey && (bytes += own + 1) < room)
      .slice(0, limit);
  };

  const schedule = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(drain, ms);
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
      return queue.settle(batch, { state: "accepted", requestId: /"requestId":\s*"([^"]*)/.exec(text)?.[1] ?? "" });
    }
    if (!failures || verdict != "retry") warn(said);
    if (verdict == "retry") {
      const delay = delayAfter(failures++, retryAfterMs, Math.random());
      resumeAt = Date.now() + delay;
      schedule(delay);
    } else if (verdict == "stop") isStopped = true;
    else queue.settle(batch, { state: "refused", reason: said });
  };

  const send = async (batch: Entry[], isLeaving: boolean): Promise<void> => {
    const body = bodyOf(
      connectionId,
      batch[0]?.eventKey ?? "",
      batch.map(({ text }) => text),
    );
    const bytes = bytesOf(body);
    // A page that uses up the 64 KB itself makes such requests fail; after a failure do without.
    const keepalive = isLeaving || (!failures && flyingBytes + bytes < LEAVING_BYTES);
    const count = (sign: number) => {
      if (keepalive) flyingBytes += sign * bytes;
      for (const entry of batch) entry.isFlying = sign > 0;
    };
    count(1);
    const answer = await post(url, body, keepalive);
    count(-1);
    settle(batch, answer);
  };

  const drain = async (): Promise<void> => {
    timer = undefined;
    queue.trim();
    if (isDraining || isStopped) return;
    if (pause() > 0) return schedule(pause());
    isDraining = true;
    for (let hasAdopted = false; pause() <= 0;) {
      const batch = nextBatch(queue.waiting(), LEAVING_BYTES);
      if (batch[0]) await send(batch, false);
      else if (hasAdopted) break;
      else {
        hasAdopted = true;
        await adopt();
      }
    }
    isDraining = false;
    if (pause() <= 0) onDrained();
  };

  return {
    wake,
    online() {
      failures = resumeAt = 0;
      schedule(GATHER_MS);
    },
    flush() {
      for (;;) {
        // While the server asks for patience, what storage holds can wait for the next page.
        const waiting = queue.waiting().filter(({ isStored }) => !isStored || pause() <= 0);
        const batch = nextBatch(waiting, isStopped ? 0 : LEAVING_BYTES - flyingBytes);
        if (!batch[0]) return;
        void send(batch, true).then(wake);
      }
    },
  };
}
