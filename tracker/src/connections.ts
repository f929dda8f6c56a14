/**
 * The trackers of this page, one for each connection.
 * On a server, where there is no window, a tracker does nothing, so that the same code can render there.
 */
import { watchClicks } from "./clicks";
import { watchPages } from "./pages";
import { type LiveTracker, openTracker } from "./tracker";
import type { Tracker, TrackerConfig } from "./types";

const trackers = new Map<string, LiveTracker>();

/** All trackers of this page, in the order in which they were made. */
export const openConnections = (): Iterable<LiveTracker> => trackers.values();

/**
 * The tracker of a connection. The second call for the same connection gives the same tracker, and only adds what its
 * configuration sets: a snippet pasted twice, or an effect that runs twice, tracks once.
 */
export function createTracker(config: TrackerConfig): Tracker {
  if (typeof window == "undefined") return nowhere;
  const existing = trackers.get(config.connectionId);
  if (existing) {
    existing.context(Object.fromEntries(Object.entries(config).filter(([, value]) => value)));
    return existing;
  }
  let looked: (() => void) | undefined;
  let isWatchingClicks = false;
  const onChange = (tracker: LiveTracker) => {
    if (tracker.config.trackAllPageLoads) (looked ??= watchPages(tracker))();
    if (tracker.config.trackAllClicks && !isWatchingClicks) {
      isWatchingClicks = true;
      watchClicks(tracker);
    }
  };
  const tracker = openTracker({ ...config }, onChange);
  trackers.set(config.connectionId, tracker);
  return tracker;
}

const nowhere: Tracker = {
  track: () => Promise.resolve({ state: "dropped", reason: "not in a browser" }),
  context: () => undefined,
  consent: () => undefined,
};
