/**
 * /mcx.js: what the snippet loads. Takes over the calls that the snippet queued, in order and with their times, and
 * from then on serves the snippet's functions. Loaded a second time it does nothing.
 */
import { createTracker, openConnections } from "./connections";
import { safely, warn } from "./safely";
import type { Context, Fate, Payload, TrackerConfig } from "./types";

declare global {
  interface Window {
    /** The calls that wait for /mcx.js. */
    mcx?: QueuedCall[];
    /**
     * Sends one event to every connection on the page, or to the one that is named. Never throws, never rejects.
     * With several connections the fate is that of the first that did not accept it. Undefined: /mcx.js has not
     * loaded within three seconds; the event waits in the page until it does.
     */
    mcxTrack(eventKey: string, payload?: Payload, connectionId?: string): Promise<Fate | undefined>;
    /** Changes the context from now on; with the `connectionId` and `apiUrl` of a further connection it adds that. */
    mcxContext(change: Context | TrackerConfig): Promise<unknown>;
    /** false: stop and forget what is not sent; true: track from now on. */
    mcxConsent(isGiven: boolean): Promise<unknown>;
  }
}

/** As the snippet pushes it: name, time of the call, who waits, first argument, copy of the payload, third, the payload. */
type QueuedCall = [
  name: "Track" | "Context" | "Consent",
  calledAt: number,
  answer: (fate?: unknown) => void,
  first: unknown,
  copy?: object,
  connectionId?: unknown,
  payload?: unknown,
];

const queue = (window.mcx ??= []);

const trackEverywhere = async (calledAt: number, eventKey: unknown, payload: unknown, to: unknown): Promise<Fate> => {
  const trackers = [...openConnections()].filter((tracker) => !to || tracker.config.connectionId == to);
  const fates = await Promise.all(trackers.map((tracker) => tracker.track(eventKey as string, payload as Payload, calledAt)));
  const fate = fates.find(({ state }) => state != "accepted") ?? fates[0];
  if (fate) return fate;
  warn(`"${eventKey}" not sent: no such connection`);
  return { state: "refused", reason: "no such connection" };
};

const run = safely(([name, calledAt, answer, first, copy, to, payload]: QueuedCall) => {
  if (name == "Track") {
    // The snippet's copy is of the moment of the call; what is no plain object goes on as it is, to be refused.
    const isObject = payload && typeof payload == "object" && !Array.isArray(payload);
    return answer(trackEverywhere(calledAt, first, isObject ? copy : payload, to));
  }
  if (name == "Consent") for (const tracker of openConnections()) tracker.consent(!!first);
  else changeContext(first as Context | TrackerConfig);
  answer();
});

function changeContext(change: Context | TrackerConfig): void {
  if ("connectionId" in change) createTracker(change);
  else for (const tracker of openConnections()) tracker.context(change);
}

if (!Object.hasOwn(queue, "push")) {
  const waiting = queue.splice(0);
  // A page may have kept the snippet's functions; what they push goes through at once.
  queue.push = (call) => (run(call), 0);
  waiting.forEach(run);
  // Where a page loads this file without the snippet.
  for (const name of ["Track", "Context", "Consent"] as const)
    window[`mcx${name}`] ??= (first: unknown, payload?: unknown, to?: string) =>
      new Promise((answer) => run([name, Date.now(), answer as (fate?: unknown) => void, first, { ...(payload as object) }, to, payload]));
}
