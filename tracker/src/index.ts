/**
 * The package's entry, for people who import the tracker instead of pasting the snippet. On a server, where there is no
 * window, the tracker does nothing, so that the same code can render there.
 */
import { createTracker as open } from "./connections";
import type { Tracker, TrackerConfig } from "./types";

export type * from "./types";

/**
 * The tracker of a connection. The second call for the same connection gives the same tracker, and only adds what its
 * configuration sets: an effect that runs twice tracks once.
 */
export const createTracker = (config: TrackerConfig): Tracker =>
  typeof window == "undefined" ? nowhere : open(config);

const nowhere: Tracker = {
  track: () => Promise.resolve({ state: "dropped", reason: "not in a browser" }),
  context: () => undefined,
  consent: () => undefined,
};
