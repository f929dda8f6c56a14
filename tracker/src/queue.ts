/**
 * The bounded persistent queue of one page: what it holds in memory is copied to localStorage, one item per event,
 * so that adding and removing never rewrites what another tab wrote. Storage that is off, full or cleared costs only
 * persistence. Refuses nothing: beyond the bound the oldest events of all tabs go, and are counted.
 *
 * An item is `mcx:<connection>:<time and number>:<page>:<bytes>` = `<eventKey>:<payload>`; an event key has no colon.
 * Which pages' events were taken over is one more item, so that a page that comes back knows that from a cleared storage.
 */
import { dictionary, keys, now, select } from "./natives";
import type { SafeStorage } from "./storage";
import type { Outcome } from "./types";

export const MAX_EVENTS = 1000;
export const MAX_BYTES = 500_000;
/** How much may be added between two looks at the bound; each event counts as an average one at least. */
const UNLOOKED_BYTES = 20_000;
const AVERAGE_BYTES = 400;

/**
 * A page that lives sends its events before, unless nothing can be sent. Then another page may take them over, and
 * the first hears of it by the storage event; if both send in the same moment the server sees a repeat. No Web Lock:
 * Firefox keeps no page that holds one in its back/forward cache.
 */
export const LEASE_MS = 3000;

/** The pages that were last taken over: some forty of them. */
const TAKEN_CHARACTERS = 1000;

/** Until the year 2059 a time in milliseconds has eight digits to base 36, and keys sort as their times do. */
const TIME_DIGITS = 8;
/** The first of the 1.6 million numbers of four digits to base 36. */
const FIRST_NUMBER = 46_656;

/** An event that has no final outcome yet. Only its own page sends it. */
export interface Entry {
  readonly key: string;
  readonly eventKey: string;
  readonly text: string;
  readonly bytes: number;
  /** Called once, with the final outcome. */
  readonly settle: (outcome: Outcome) => void;
  /** Whether storage took the copy. */
  readonly isStored: boolean;
  /** In which of the page's lives a request with it is under way; undefined: none is. */
  flying?: number | undefined;
}

export interface Queue {
  /** `at`: when the event was first queued, which orders the eviction. */
  add(eventKey: string, text: string, bytes: number, settle?: (outcome: Outcome) => void, at?: number): void;
  /** Forgets the entries, here and in storage. */
  settle(entries: Entry[], outcome: Outcome): void;
  /** Oldest first. */
  all(): Entry[];
  /** Enforces the bound over all tabs. */
  trim(): void;
  /** How many were dropped since last asked, over all tabs and pages. */
  takeDropped(): number;
  /** Makes those entries of other pages this one's that are older than LEASE_MS. Whether it left younger ones. */
  adopt(): boolean;
  /** After a sleep: forgets those that another page took over meanwhile. */
  reconcile(): void;
  /** Forgets everything of this connection, what other pages stored too. */
  forgetAll(outcome: Outcome): void;
  /** A key has gone from storage: another page has taken the event over, or the site has removed what it found. */
  onRemoved(key: string): void;
}

export function openQueue(connectionId: string, page: string, storage: SafeStorage): Queue {
  const prefix = `mcx:${connectionId}:`;
  const droppedKey = `mcx-dropped:${connectionId}`;
  const takenKey = `mcx-taken:${connectionId}`;
  const own = dictionary<Entry>();
  let number = FIRST_NUMBER;
  let unlooked = 0;

  const dropped = () => +storage.read(droppedKey)!;
  const taken = () => storage.read(takenKey) || "";
  const part = (key: string, index: number): string => key.split(":")[index] || "";
  const stored = (): string[] => storage.keys(prefix);
  const all = (): Entry[] => Object.values(own);
  const forget = (key: string, outcome: Outcome) => {
    const entry = own[key];
    delete own[key];
    storage.remove(key);
    if (entry) entry.settle(outcome);
  };

  const queue: Queue = {
    add(eventKey, text, bytes, settle = () => undefined, at = now()) {
      const key = `${prefix}${at.toString(36)}${(number++).toString(36)}:${page}:${bytes}`;
      const isStored = storage.write(key, `${eventKey}:${text}`);
      own[key] = { key, eventKey, text, bytes, settle, isStored };
      unlooked += bytes > AVERAGE_BYTES ? bytes : AVERAGE_BYTES;
      if (unlooked > UNLOOKED_BYTES) queue.trim();
    },

    settle(entries, outcome) {
      for (const { key } of entries) forget(key, outcome);
    },

    all,

    trim() {
      const known = [...keys(own), ...select(stored(), (key) => !own[key])].sort();
      let bytes = 0;
      unlooked = 0;
      for (let index = known.length; index--;) {
        const key = known[index] as string;
        bytes += +part(key, 4);
        if (known.length - index <= MAX_EVENTS && bytes <= MAX_BYTES) continue;
        forget(key, { state: "dropped", reason: "queue full" });
        storage.write(droppedKey, `${dropped() + 1}`);
      }
    },

    takeDropped() {
      const count = dropped();
      storage.remove(droppedKey);
      return count;
    },

    adopt() {
      let isLeft = false;
      for (const key of stored()) {
        const at = parseInt(part(key, 2).slice(0, TIME_DIGITS), 36);
        const [, eventKey, text] = /([^:]*):(.*)/.exec(storage.read(key) || "") || [];
        if (own[key] || !eventKey || !text) continue;
        // A clock that was set back makes events of the future, whose age nobody knows.
        if (Math.abs(now() - at) < LEASE_MS) isLeft = true;
        else {
          storage.write(takenKey, `${taken()} ${part(key, 3)}`.slice(-TAKEN_CHARACTERS));
          queue.add(eventKey, text, +part(key, 4), undefined, at);
          storage.remove(key);
        }
      }
      return isLeft;
    },

    reconcile() {
      for (const { key, isStored } of all()) if (isStored && !storage.read(key)) queue.onRemoved(key);
    },

    forgetAll(outcome) {
      for (const key of [...keys(own), ...stored()]) forget(key, outcome);
      queue.takeDropped();
    },

    onRemoved(key) {
      if (own[key] && taken().includes(page)) forget(key, { state: "queued" });
    },
  };
  return queue;
}
