/**
 * trackAllPageLoads: a `page` event for the first load, each return from the back/forward cache, and each navigation of a
 * single-page app that really changes the path. Looks at nothing but the address, the title and the referrer.
 */
import { masked } from "./mask";
import { safely } from "./safely";
import type { LiveTracker } from "./tracker";

/** Apps set the title after they have changed the address; the event's date is that of the change all the same. */
const TITLE_MS = 100;

/** Each gets true for a return from the back/forward cache, which counts although the path is as it was. */
const watching: ((isReturn?: boolean) => void)[] = [];
const untitled = new Set<() => void>();
const changed = safely((isReturn?: boolean) => watching.forEach((look) => look(isReturn)));

function watchHistory(): void {
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (this: History, ...args) {
      original.apply(this, args);
      changed();
    };
  }
  addEventListener("popstate", () => changed());
  addEventListener("hashchange", () => changed());
  addEventListener("pageshow", (event) => event.persisted && changed(true));
  addEventListener("pagehide", safely(() => untitled.forEach((send) => send())));
  document.addEventListener("prerenderingchange", () => changed());
}

/** Gives the function to call when the tracker's context or consent has changed. */
export function watchPages(tracker: LiveTracker): () => void {
  let lastPath: string | undefined;
  let lastUrl = document.referrer;
  const look = (isReturn?: boolean) => {
    const { config } = tracker;
    // A page that is prerendered may never be seen.
    if (!config.trackAllPageLoads || !tracker.mayTrack() || (document as { prerendering?: boolean }).prerendering) return;
    const { href, pathname, search, hash } = location;
    const path = config.trackHash ? pathname + hash : pathname;
    if (path == lastPath && !isReturn) return;
    const seenAt = Date.now();
    const referrer = lastUrl;
    lastPath = path;
    lastUrl = href;
    const send = () => {
      clearTimeout(timer);
      untitled.delete(send);
      const payload: Record<string, string> = { title: document.title, url: href, path: pathname, search, referrer };
      if (config.trackHash) payload["hash"] = hash;
      for (const field in payload) payload[field] = masked(config.mask, field, payload[field] ?? "");
      void tracker.track("page", payload, seenAt);
    };
    const timer = setTimeout(safely(send), TITLE_MS);
    untitled.add(send);
  };
  if (!watching.length) watchHistory();
  watching.push(look);
  return safely(() => look());
}
