/** The trackers of this page, one for each connection: takes a configuration, gives its tracker. */
import { watchClicks } from "./clicks";
import { watchPages } from "./pages";
import { type LiveTracker, openTracker } from "./tracker";
import type { TrackerConfig } from "./types";

const trackers = new Map<string, LiveTracker>();

/** All trackers of this page, in the order in which they were made. */
export const openConnections = (): Iterable<LiveTracker> => trackers.values();

/** The tracker of a connection. A second call for the same connection only sets its context anew: it tracks once. */
export function createTracker(config: TrackerConfig): LiveTracker {
  let tracker = trackers.get(config.connectionId);
  if (tracker) tracker.context(config);
  else {
    let look: (() => void) | undefined;
    const onChange = (changed: LiveTracker) => {
      if (changed.config.trackAllPageLoads) (look ??= watchPages(changed))();
      if (changed.config.trackAllClicks) watchClicks(changed);
    };
    trackers.set(config.connectionId, (tracker = openTracker({ ...config }, onChange)));
  }
  return tracker;
}
