/**
 * /mcx.js: what the snippet loads. Takes over the calls that the snippet queued, in order and with their times, and
 * from then on serves the snippet's functions. Loaded a second time it does nothing.
 */
import { createTracker, openConnections } from "./connections";
import { now } from "./natives";
import { safely } from "./safely";
import type { Context, Fate, TrackerConfig } from "./types";

// Only `var` declares a member of window that can also be called without it.
declare global {
  /**
   * Sends one event to every connection on the page, or to the one that is named. Never throws, never rejects.
   * With several connections the fate is what the first made of it. Undefined: /mcx.js has not loaded within three
   * seconds; the event waits in the page until it does.
   */
  var mcxTrack: (eventKey: string, payload?: object, connectionId?: string) => Promise<Fate | undefined>;
  /** Changes the context from now on; with the `connectionId` and `apiUrl` of a further connection it adds that. */
  var mcxContext: (change: Context | TrackerConfig) => Promise<unknown>;
  /** false: stop and forget what is not sent; true: track from now on. */
  var mcxConsent: (isGiven: boolean) => Promise<unknown>;
}

/** As the snippet pushes it. `copy` is the JSON of the payload at the call; undefined where that has none. */
type QueuedCall = [
  name: "Track" | "Context" | "Consent",
  calledAt: number,
  answer: (fate?: unknown) => void,
  first: unknown,
  copy: string | undefined,
  connectionId?: unknown,
  payload?: unknown,
];

/** The snippet's. No script has a variable of that name, and no element such an id: both become members of window. */
const { 0.5: queue } = window as unknown as { 0.5: QueuedCall[] };
const isJsonChanged = ([] as { toJSON?: unknown }).toJSON || ({} as { toJSON?: unknown }).toJSON;
let isLive = false;

const run = safely(([name, calledAt, answer, first, copy, to, payload]: QueuedCall) => {
  if (first && (first as TrackerConfig).connectionId) return answer(void createTracker(first as TrackerConfig));
  // The page may have changed what it passed in, since it called. Its clock may be a fake: only the difference counts.
  const then = isLive || isJsonChanged || !copy ? payload : JSON.parse(copy);
  const fates = [];
  for (const tracker of openConnections())
    if (!to || tracker.config.connectionId == to)
      fates[fates.length] = tracker[name.toLowerCase() as "track"](
        first as string,
        then,
        Math.floor(calledAt - window.Date.now() + now()),
      );
  answer(fates[0] || { state: "refused", reason: "no such connection" });
});

if (queue.push == [].push) {
  const waiting = queue.splice(0);
  // The snippet's functions stay, and a page may have kept them: what they push goes through at once.
  Object.defineProperty(queue, "push", { value: run });
  for (const call of waiting) run(call);
  isLive = true;
}
