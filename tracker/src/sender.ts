/**
 * Brings the queue to the server, one request at a time, batch by batch of one event key; backs off, splits, stops.
 * Takes a queue and gives each entry its fate; never throws. While the page is being left it sends all at once.
 */
import { delayAfter } from "./backoff";
import type { Entry, Queue } from "./queue";
import { bytesOf } from "./rules";
import { bodyOf, post } from "./wire";

/** Of the 64 KB that a browser gives all requests that outlive a page, the rest is left to the page itself. */
export const LEAVING_BYTES = 48_000;
const MAX_BATCH = 1000;
/** Long enough to gather the calls of one interaction, short enough to be answered before a click's next page shows. */
const GATHER_MS = 20;

export interface Sender {
  /** There may be something to send. */
  wake(): void;
  /** The network is back: what it had delayed goes now. A server's Retry-After still holds. */
  online(): void;
  /** The page is being hidden or left: send what may otherwise be late or lost. */
  flush(): void;
  /** Breaks off the requests under way. */
  abort(): void;
}

export interface SenderSetting {
  connectionId: string;
  apiUrl: string;
  queue: Queue;
  /** Takes over what dead pages left; true if there was something. */
  adopt: () => Promise<boolean>;
  /** Everything has been sent. */
  onDrained: () => void;
  warn: (text: string) => void;
}

export function openSender({ connectionId, apiUrl, queue, adopt, onDrained, warn }: SenderSetting): Sender {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDraining = false;
  let isStopped = false;
  let failures = 0;
  let resumeAt = 0;
  let isNetworkDown = false;
  let limit = MAX_BATCH;
  let flyingBytes = 0;
  const flights = new Set<AbortController>();

  const nextBatch = (waiting: Entry[], room: number): Entry[] => {
    let bytes = 0;
    return waiting
      .filter((entry) => entry.eventKey == waiting[0]?.eventKey && (bytes += entry.bytes + 1) < room)
      .slice(0, limit);
  };

  const schedule = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void drain(), ms);
  };

  const backOff = (status: number, afterMs: number | undefined) => {
    if (!failures) warn(`${apiUrl}/analytics ${status ? `answers ${status}` : "cannot be reached"}; will retry`);
    const delay = delayAfter(failures++, afterMs, Math.random());
    resumeAt = Date.now() + delay;
    schedule(delay);
  };

  const send = async (batch: Entry[], isLeaving: boolean): Promise<void> => {
    const [{ eventKey } = { eventKey: "" }] = batch;
    const body = bodyOf(connectionId, eventKey, batch.map((entry) => entry.text));
    const bytes = bytesOf(body);
    const flight = new AbortController();
    // A page that uses up the 64 KB itself makes such requests fail; after a failure do without.
    const keepalive = isLeaving || (!failures && flyingBytes + bytes <= LEAVING_BYTES);
    for (const entry of batch) entry.isFlying = true;
    if (keepalive) flyingBytes += bytes;
    flights.add(flight);
    const verdict = await post(apiUrl, body, keepalive, flight);
    flights.delete(flight);
    if (keepalive) flyingBytes -= bytes;
    for (const entry of batch) entry.isFlying = false;
    isNetworkDown = verdict.do == "retry" && !verdict.status;
    if (verdict.do == "retry") return backOff(verdict.status, verdict.afterMs);
    failures = 0;
    if (verdict.do == "settle") {
      limit = Math.min(limit * 2, MAX_BATCH);
      queue.settle(batch, { state: "accepted", requestId: verdict.requestId });
    } else if (verdict.do == "stop") {
      isStopped = true;
      warn(`stopped: ${apiUrl}/analytics answers ${verdict.status} ${verdict.answer.slice(0, 500)}`);
    } else if (batch.length > 1) limit = Math.ceil(batch.length / 2);
    else {
      const reason = `${verdict.status} ${verdict.answer.slice(0, 500)}`;
      warn(`"${eventKey}" refused: ${reason}`);
      queue.settle(batch, { state: "refused", reason });
    }
  };

  const drain = async (): Promise<void> => {
    timer = undefined;
    if (isDraining || isStopped) return;
    queue.trim();
    const isWaiting = () => Date.now() < resumeAt;
    if (isWaiting()) return schedule(resumeAt - Date.now());
    isDraining = true;
    do {
      for (let batch; !isStopped && !isWaiting() && (batch = nextBatch(queue.waiting(), LEAVING_BYTES)).length; )
        await send(batch, false);
    } while (!isStopped && !isWaiting() && (await adopt()));
    isDraining = false;
    if (isStopped || isWaiting()) return;
    onDrained();
    // What was added while dead pages were looked for.
    if (queue.waiting().length) wake();
  };

  const wake = () => {
    if (!timer && !isDraining) schedule(GATHER_MS);
  };

  return {
    wake,
    online() {
      if (isNetworkDown) failures = resumeAt = 0;
      schedule(GATHER_MS);
    },
    flush() {
      // While the server asks for patience, what storage holds can wait for the next page.
      const isWaiting = Date.now() < resumeAt;
      for (;;) {
        const waiting = queue.waiting().filter((entry) => !isWaiting || !entry.isStored);
        const batch = nextBatch(waiting, LEAVING_BYTES - flyingBytes - 200);
        if (isStopped || !batch.length) return;
        void send(batch, true).then(wake);
      }
    },
    abort() {
      for (const flight of flights) flight.abort();
    },
  };
}
