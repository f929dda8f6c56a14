/** What is tracked without a call: takes a tracker whenever its context or consent has changed. */
import { watchClicks } from "./clicks";
import { dictionary } from "./natives";
import { watchPages } from "./pages";
import type { LiveTracker } from "./tracker";

const looks = dictionary<() => void>();

export function watch(tracker: LiveTracker): void {
  const { connectionId, trackAllPageLoads, trackAllClicks } = tracker.config;
  if (trackAllPageLoads) (looks[connectionId] = looks[connectionId] || watchPages(tracker))();
  if (trackAllClicks) watchClicks(tracker);
}
