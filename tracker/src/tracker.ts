/**
 * One tracker for one connection: checks what the page gives, keeps it, and has it sent. Nothing here throws into the page.
 * `onChange` hears when the context or the consent changed, so that pages and clicks can take note.
 */
import { openPresence } from "./presence";
import { CONSENT_KEY, reasonNotToTrack, type Signals } from "./privacy";
import { openQueue } from "./queue";
import { check, randomId } from "./rules";
import { warn } from "./safely";
import { openSender } from "./sender";
import { safeStorage } from "./storage";
import type { Fate, Payload, Tracker, TrackerConfig } from "./types";

/** After this long a promise says `queued`, so that a page that waits for it is never held up by a slow network. Shorter than the snippet's 3 s. */
const PATIENCE_MS = 2500;

/** A tracker as the automatic events see it. */
export interface LiveTracker extends Tracker {
  readonly config: TrackerConfig;
  track(eventKey: string, payload?: Payload, calledAt?: number): Promise<Fate>;
  mayTrack(): boolean;
}

const page = randomId();

/** `onChange` hears of a new context or consent, once also at the start. */
export function openTracker(config: TrackerConfig, onChange: (tracker: LiveTracker) => void): LiveTracker {
  const { connectionId } = config;
  const apiUrl = config.apiUrl.replace(/\/+$/, "");
  const storage = safeStorage(() => localStorage);
  const queue = openQueue(connectionId, page, storage);
  const nameOf = (other: string) => `${connectionId}:${other}`;
  const presence = openPresence(nameOf(page), storage, navigator.locks, () => queue.size() > 0);
  let choice: string | null | undefined;
  let isLeaving = false;

  const obstacle = () => reasonNotToTrack(choice, config, navigator as Navigator & Signals);
  const adopt = async () => {
    const before = queue.waiting().length;
    for (const other of queue.others()) await presence.takeOver(nameOf(other), () => queue.adopt(other));
    return queue.waiting().length > before;
  };
  const onDrained = () => {
    const count = queue.takeDropped();
    if (count) void tracker.track("mcx-dropped", { count });
  };
  const sender = openSender({ connectionId, apiUrl, queue, adopt, onDrained, warn });
  const ifAllowed = (act: () => void) => () => {
    if (!obstacle()) act();
  };
  const wake = ifAllowed(sender.wake);
  const flush = ifAllowed(sender.flush);

  const choose = (made: string | null | undefined) => {
    choice = made;
    if (choice == "0") {
      sender.abort();
      queue.clear({ state: "dropped", reason: "consent refused" });
    }
    wake();
    onChange(tracker);
  };

  const tracker: LiveTracker = {
    config,
    mayTrack: () => !obstacle(),

    track: (eventKey, payload, calledAt = Date.now()) =>
      new Promise((resolve) => {
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
          setTimeout(resolve, PATIENCE_MS, { state: "queued", idempotencyKey });
          presence.renew();
          queue.add(eventKey, text, bytes, (fate) => resolve({ ...fate, idempotencyKey }));
          (isLeaving ? flush : wake)();
        } catch (error) {
          refuse(`${error}`);
        }
      }),

    context(change) {
      Object.assign(config, change, { connectionId, apiUrl });
      choose(choice);
    },

    consent(isGiven) {
      const made = isGiven ? "1" : "0";
      storage.write(CONSENT_KEY, made);
      choose(made);
    },
  };

  addEventListener("storage", ({ key, newValue }) => {
    if (key == CONSENT_KEY) choose(newValue);
    else queue.onStorage(key, newValue);
  });
  addEventListener("online", ifAllowed(sender.online));
  document.addEventListener("visibilitychange", () => (document.visibilityState == "hidden" ? flush : wake)());
  addEventListener("pagehide", () => {
    isLeaving = true;
    flush();
    presence.leave();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    isLeaving = false;
    presence.enter();
    queue.reconcile();
    choose(storage.read(CONSENT_KEY) ?? choice);
  });
  presence.enter();
  choose(storage.read(CONSENT_KEY));
  return tracker;
}
