/**
 * /mcx.js: what the snippet loads. Takes over the calls that the snippet queued, in order and with their times, and
 * from then on serves the snippet's functions. Loaded a second time it does nothing.
 */
import { createTracker, openConnections } from "./connections";
import { safely } from "./safely";
import type { Context, Fate, TrackerConfig } from "./types";

// Only `var` declares a member of window that can also be called without it.
declare global {
  /** The calls that wait for /mcx.js. */
  var mcx: QueuedCall[] | undefined;
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

/** As the snippet pushes it. `copy` is of the payload as it was at the call. */
type QueuedCall = [
  name: "Track" | "Context" | "Consent",
  calledAt: number,
  answer: (fate?: unknown) => void,
  first: unknown,
  copy: object,
  connectionId?: unknown,
  payload?: unknown,
];

const queue = (window.mcx ??= []);

const run = safely(([name, calledAt, answer, first, copy, to, payload]: QueuedCall) => {
  if ((first as TrackerConfig | undefined)?.connectionId) return answer(void createTracker(first as TrackerConfig));
  const fates = [...openConnections()]
    .filter((tracker) => !to || tracker.config.connectionId == to)
    .map((tracker) => {
      if (name == "Track") return tracker.track(first as string, payload as object, calledAt, copy);
      return name == "Context" ? tracker.context(first as Context) : tracker.consent(!!first);
    });
  answer(fates[0] ?? { state: "refused", reason: "no such connection" });
});

if (queue.push == [].push) {
  const waiting = queue.splice(0);
  // The snippet's functions stay, and a page may have kept them: what they push goes through at once.
  queue.push = (call) => (run(call), 0);
  waiting.forEach(run);
}
