/**
 * One tracker for one connection: checks what the page gives, keeps it, and has it sent. Throws nothing into the page.
 */
import { Eventually, keys, listen, now, of, setTimeout } from "./natives";
import { CONSENT_KEY, NO_CONSENT, reasonNotToTrack, type Signals } from "./privacy";
import { LEASE_MS, openQueue } from "./queue";
import { check, randomId } from "./rules";
import { warn } from "./safely";
import { openSender } from "./sender";
import { safeStorage } from "./storage";
import type { Fate, Tracker, TrackerConfig } from "./types";

/** After this long a promise says `queued`: a page that waits is not held up by the network. The snippet waits 3 s. */
const PATIENCE_MS = 2500;

/** A tracker as the automatic events see it. */
export interface LiveTracker extends Tracker {
  readonly config: TrackerConfig;
  track(eventKey: string, payload?: object, calledAt?: number): Promise<Fate>;
  mayTrack(): boolean;
}

const page = randomId();

/** `onChange` hears of a new context or consent, once also at the start. */
export function openTracker(config: TrackerConfig, onChange: (tracker: LiveTracker) => void): LiveTracker {
  const { connectionId } = config;
  const storage = safeStorage(() => window.localStorage);
  const queue = openQueue(connectionId, page, storage);
  let choice: string | null | undefined;
  let isLeaving = false;

  const obstacle = () => reasonNotToTrack(choice, config, window.navigator as Navigator & Signals);
  const onDrained = () => {
    const count = queue.takeDropped();
    if (count) void tracker.track("mcx-dropped", { count });
    // What other pages have will be sent by them, or is ours when it is older.
    if (!obstacle() && queue.adopt()) setTimeout(wake, LEASE_MS);
    if (queue.all()[0]) wake();
  };
  const { wake, online, resume, flush } = openSender(
    connectionId,
    `${config.apiUrl}`.replace(/\/*$/, "/analytics"),
    queue,
    onDrained,
  );

  const choose = (made: string | null | undefined) => {
    choice = made;
    if (choice == "0") queue.forgetAll({ state: "dropped", reason: NO_CONSENT });
    wake();
    onChange(tracker);
  };

  const tracker: LiveTracker = {
    config,
    mayTrack: () => !obstacle(),

    track: (eventKey, payload, calledAt = now()) =>
      new Eventually((resolve) => {
        const refuse = (reason: string) => {
          warn(`"${eventKey}" not sent: ${reason}`);
          resolve({ state: "refused", reason });
        };
        try {
          const reason = obstacle();
          if (reason) return resolve({ state: "dropped", reason });
          const event = check(eventKey, payload, config, calledAt);
          if (typeof event == "string") return refuse(event);
          const { text, bytes, idempotencyKey } = event;
          setTimeout(() => resolve({ state: "queued", idempotencyKey }), PATIENCE_MS);
          queue.add(eventKey, text, bytes, (fate) => resolve({ ...fate, idempotencyKey }));
          (isLeaving ? flush : wake)();
        } catch (error) {
          refuse(`${error}`);
        }
      }),

    context(change) {
      for (const name of keys(change)) if (name != "connectionId") config[name as "mask"] = change[name as "mask"];
      choose(choice);
    },

    consent(isGiven) {
      const made = isGiven ? "1" : "0";
      storage.write(CONSENT_KEY, made);
      choose(made);
    },
  };

  listen(window, "storage", ({ key, newValue }: StorageEvent) => {
    if (key == CONSENT_KEY) choose(newValue);
    else if (key && newValue == null) queue.onRemoved(key);
  });
  listen(window, "online", online);
  listen(document, "visibilitychange", () => (of(document, "hidden") ? flush : wake)());
  listen(window, "pagehide", () => {
    isLeaving = true;
    flush();
  });
  listen(window, "pageshow", ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    isLeaving = false;
    queue.reconcile();
    resume();
    choose(storage.read(CONSENT_KEY) || choice);
  });
  choose(storage.read(CONSENT_KEY));
  return tracker;
}
