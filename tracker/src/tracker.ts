/**
 * One tracker for one connection: checks what the page gives, keeps it, and has it sent. Throws nothing into the page.
 */
import { openPresence } from "./presence";
import { CONSENT_KEY, NO_CONSENT, reasonNotToTrack, type Signals } from "./privacy";
import { openQueue } from "./queue";
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
  /** `copy`: the payload as it was at the call. */
  track(eventKey: string, payload?: object, calledAt?: number, copy?: object): Promise<Fate>;
  mayTrack(): boolean;
}

const page = randomId();

/** `onChange` hears of a new context or consent, once also at the start. */
export function openTracker(config: TrackerConfig, onChange: (tracker: LiveTracker) => void): LiveTracker {
  const { connectionId } = config;
  const storage = safeStorage(() => localStorage);
  const queue = openQueue(connectionId, page, storage);
  const presence = openPresence(`mcx:${connectionId}:${page}`, navigator.locks);
  let choice: string | null | undefined;
  let isLeaving = false;

  const obstacle = () => reasonNotToTrack(choice, config, navigator as Navigator & Signals);
  const adopt = async () => {
    if (!obstacle()) await queue.adopt(presence.takeOver);
  };
  const onDrained = () => {
    const count = queue.takeDropped();
    if (count) void tracker.track("mcx-dropped", { count });
  };
  const { wake, online, flush } = openSender(
    connectionId,
    `${config.apiUrl}`.replace(/\/*$/, "/analytics"),
    queue,
    adopt,
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

    track: (eventKey, payload, calledAt = Date.now(), copy = payload) =>
      new Promise((resolve) => {
        const refuse = (reason: string) => {
          warn(`"${eventKey}" not sent: ${reason}`);
          resolve({ state: "refused", reason });
        };
        try {
          const reason = obstacle();
          if (reason) return resolve({ state: "dropped", reason });
          const event = check(eventKey, payload, copy, config, calledAt);
          if (typeof event == "string") return refuse(event);
          const { text, bytes, idempotencyKey } = event;
          setTimeout(resolve, PATIENCE_MS, { state: "queued", idempotencyKey });
          queue.add(eventKey, text, bytes, (fate) => resolve({ ...fate, idempotencyKey }));
          (isLeaving ? flush : wake)();
        } catch (error) {
          refuse(`${error}`);
        }
      }),

    context(change) {
      Object.assign(config, change, { connectionId });
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
    else if (key && newValue == null) queue.onRemoved(key);
  });
  addEventListener("online", online);
  document.addEventListener("visibilitychange", () => (document.hidden ? flush : wake)());
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
