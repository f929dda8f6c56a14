/**
 * In /mcx.js, instead of `automatic.ts`: has the browser load that part once a tracker wants it, so that other pages do
 * without. `build.mjs` puts this one in.
 */
import { dictionary, of } from "./natives";
import type { LiveTracker } from "./tracker";

/** What the two parts know of each other; a member of the snippet's queue. */
export interface Shared {
  /** Undefined: not loaded yet. */
  watch?: (tracker: LiveTracker) => void;
  /** Those that waited for it. */
  trackers: Record<string, LiveTracker>;
}

// The browser knows it only while this script runs.
const { nonce } = of(document, "currentScript") || document;

export function watch(tracker: LiveTracker): void {
  const shared = (window as unknown as { 0.5: Shared })[0.5];
  const { apiUrl, connectionId, trackAllPageLoads, trackAllClicks } = tracker.config;
  if (shared.watch) shared.watch(tracker);
  else if (trackAllPageLoads || trackAllClicks) {
    if (!shared.trackers) {
      const script = of(document, "createElement").call(document, "script");
      script.nonce = nonce;
      script.src = `${apiUrl}/mcx.js?auto`;
      of(document, "querySelector").call(document, "*").append(script);
      shared.trackers = dictionary();
    }
    shared.trackers[connectionId] = tracker;
  }
}
