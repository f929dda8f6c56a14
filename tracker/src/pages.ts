/**
 * trackAllPageLoads: a `page` event for the first load, each return from the back/forward cache, and each real change
 * of path in a single-page app. Looks at nothing but the address, the title and the referrer.
 */
import { masked } from "./mask";
import { safely } from "./safely";
import type { LiveTracker } from "./tracker";

/** Apps set the title after they have changed the address; the event's date is that of the change all the same. */
const TITLE_MS = 100;

/** A return from the back/forward cache counts although the path is as it was. */
type Look = (isReturn?: boolean) => void;

const watching: Look[] = [];
const untitled = new Set<() => void>();
const changed = safely((event?: Event) => {
  for (const look of watching) look((event as PageTransitionEvent | undefined)?.persisted);
});

function watchHistory(): void {
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = (...args) => {
      original.apply(history, args);
      changed();
    };
  }
  for (const type of ["popstate", "hashchange", "pageshow", "prerenderingchange"])
    addEventListener(type, changed, true);
  addEventListener("pagehide", () => untitled.forEach((send) => send()));
}

/** Gives the function to call when the tracker's context or consent has changed. */
export function watchPages(tracker: LiveTracker): () => void {
  let lastPath: string | undefined;
  let referrer = document.referrer;
  const look: Look = (isReturn) => {
    const { config } = tracker;
    const { href: url, pathname, search, hash } = location;
    const path = pathname + (config.trackHash ? hash : "");
    // A page that is prerendered may never be seen.
    const isSeen =
      config.trackAllPageLoads && tracker.mayTrack() && !(document as { prerendering?: boolean }).prerendering;
    if (!isSeen || (path == lastPath && !isReturn)) return;
    const seen = { url, path, search, referrer };
    const seenAt = Date.now();
    lastPath = path;
    referrer = url;
    const send = safely(() => {
      clearTimeout(timer);
      untitled.delete(send);
      void tracker.track("page", masked(config.mask, { title: document.title, ...seen }), seenAt);
    });
    const timer = setTimeout(send, TITLE_MS);
    untitled.add(send);
  };
  if (!watching.length) watchHistory();
  watching.push(look);
  return look;
}
