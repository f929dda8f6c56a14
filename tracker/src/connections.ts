/** The trackers of this page, one for each connection: takes a configuration, gives its tracker. */
import { watch } from "./automatic";
import { dictionary } from "./natives";
import { type LiveTracker, openTracker } from "./tracker";
import type { TrackerConfig } from "./types";

const trackers = dictionary<LiveTracker>();

/** All trackers of this page, in the order in which they were made. */
export const openConnections = (): LiveTracker[] => Object.values(trackers);

/** The tracker of a connection. A second call for the same connection only sets its context anew: it tracks once. */
export function createTracker(config: TrackerConfig): LiveTracker {
  let tracker = trackers[config.connectionId];
  if (tracker) tracker.context(config);
  else trackers[config.connectionId] = tracker = openTracker({ ...config }, watch);
  return tracker;
}
