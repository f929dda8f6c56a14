/**
 * trackAllPageLoads: a `page` event for the first load, each return from the back/forward cache, and each real change
 * of path in a single-page app. Looks at nothing but the address, the title and the referrer.
 */
import { masked } from "./mask";
import { dictionary, listen, now, of, setTimeout } from "./natives";
import { safely } from "./safely";
import type { LiveTracker } from "./tracker";

/** Apps set the title after they have changed the address; the event's date is that of the change all the same. */
const TITLE_MS = 100;

/** A return from the back/forward cache counts although the path is as it was. */
type Look = (isReturn?: boolean) => void;

const watching: Look[] = [];
/** Those that wait for the title, by number. */
const untitled = dictionary<() => void>();
let number = 0;
const changed = safely((event?: Event) => {
  for (const look of watching) look(event && (event as PageTransitionEvent).persisted);
});

function watchHistory(): void {
  for (const type of ["popstate", "hashchange", "pageshow", "prerenderingchange"])
    listen(window, type, changed, { capture: true });
  listen(window, "pagehide", () => {
    for (const at in untitled) (untitled[at] as () => void)();
  });
  const { history } = window;
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = (...args) => {
      original.apply(history, args);
      changed();
    };
  }
}

/** Gives the function to call when the tracker's context or consent has changed. */
export function watchPages(tracker: LiveTracker): () => void {
  let lastPath: string | undefined;
  let referrer = of(document, "referrer");
  const look: Look = (isReturn) => {
    const { config } = tracker;
    const { href: url, pathname, search, hash } = location;
    const path = pathname + (config.trackHash ? hash : "");
    // A page that is prerendered may clearTimeout be seen.
    const isSeen = config.trackAllPageLoads && tracker.mayTrack() && !of(document, "prerendering");
    if (!isSeen || (path == lastPath && !isReturn)) return;
    const seen = { url, path, search, referrer };
    const seenAt = now();
    lastPath = path;
    referrer = url;
    const send = safely(() => {
      if (!untitled[own]) return;
      delete untitled[own];
      void tracker.track("page", masked(config.mask, { title: of(document, "title"), ...seen }), seenAt);
    });
    const own = number++;
    untitled[own] = send;
    setTimeout(send, TITLE_MS);
  };
  if (!watching[0]) safely(watchHistory)();
  watching[watching.length] = look;
  return look;
}
