/**
 * The bounded persistent queue of one page: what it holds in memory is copied to localStorage, one item per event,
 * so that adding and removing never rewrites what another tab wrote. Storage that is off, full or cleared costs only
 * persistence. Refuses nothing: beyond the bound the oldest events of all tabs go, and are counted.
 *
 * An item is `mcx:<connection>:<time and number>:<page>:<bytes>` = `<eventKey>:<payload>`; an event key has no colon.
 */
import type { Presence } from "./presence";
import type { SafeStorage } from "./storage";
import type { Outcome } from "./types";

export const MAX_EVENTS = 1000;
export const MAX_BYTES = 500_000;
/** How much may be added between two looks at the bound; each event counts as an average one at least. */
const UNLOOKED_BYTES = 20_000;
const AVERAGE_BYTES = 400;

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
  /** Whether a request with it is under way. */
  isFlying: boolean;
}

export interface Queue {
  /** `at`: when the event was first queued, which orders the eviction. */
  add(eventKey: string, text: string, bytes: number, settle?: (outcome: Outcome) => void, at?: number): void;
  /** Forgets the entries, here and in storage. */
  settle(entries: Entry[], outcome: Outcome): void;
  /** All entries that are not under way, oldest first. */
  waiting(): Entry[];
  /** Enforces the bound over all tabs. */
  trim(): void;
  /** How many were dropped since last asked, over all tabs and pages. */
  takeDropped(): number;
  /** Makes other pages' entries this one's, where `takeOver` finds that the page is gone for certain. */
  adopt(takeOver: Presence["takeOver"]): Promise<void>;
  /** After a sleep: forgets those that another page took over meanwhile. */
  reconcile(): void;
  /** Forgets everything of this connection, what other pages stored too. */
  forgetAll(outcome: Outcome): void;
  /** Another page has removed a key from storage: it took the event over, or had to drop it. */
  onRemoved(key: string): void;
}

export function openQueue(connectionId: string, page: string, storage: SafeStorage): Queue {
  const prefix = `mcx:${connectionId}:`;
  const droppedKey = `mcx-dropped:${connectionId}`;
  const own = new Map<string, Entry>();
  let number = FIRST_NUMBER;
  let unlooked = 0;

  const dropped = () => +(storage.read(droppedKey) ?? 0);
  const part = (key: string, index: number): string => key.split(":")[index] ?? "";
  const timeOf = (key: string) => parseInt(part(key, 2).slice(0, TIME_DIGITS), 36);
  const stored = (): string[] => storage.keys().filter((key) => key.startsWith(prefix));
  const forget = (key: string, outcome: Outcome) => {
    const entry = own.get(key);
    own.delete(key);
    storage.remove(key);
    entry?.settle(outcome);
  };

  const adopt = (key: string) => {
    const [, eventKey, text] = /([^:]*):(.*)/.exec(storage.read(key) ?? "") ?? [];
    storage.remove(key);
    if (eventKey && text) queue.add(eventKey, text, +part(key, 4), undefined, timeOf(key));
  };

  const queue: Queue = {
    add(eventKey, text, bytes, settle = () => undefined, at = Date.now()) {
      const key = `${prefix}${at.toString(36)}${(number++).toString(36)}:${page}:${bytes}`;
      own.set(key, {
        key,
        eventKey,
        text,
        bytes,
        settle,
        isStored: storage.write(key, `${eventKey}:${text}`),
        isFlying: false,
      });
      unlooked += Math.max(bytes, AVERAGE_BYTES);
      if (unlooked > UNLOOKED_BYTES) queue.trim();
    },

    settle(entries, outcome) {
      for (const { key } of entries) forget(key, outcome);
    },

    waiting: () => [...own.values()].filter((entry) => !entry.isFlying),

    trim() {
      let count = 0;
      let bytes = 0;
      unlooked = 0;
      for (const key of [...new Set([...own.keys(), ...stored()])].sort().reverse()) {
        bytes += +part(key, 4);
        if (++count <= MAX_EVENTS && bytes <= MAX_BYTES) continue;
        forget(key, { state: "dropped", reason: "queue full" });
        storage.write(droppedKey, `${dropped() + 1}`);
      }
    },

    takeDropped() {
      const count = dropped();
      storage.remove(droppedKey);
      return count;
    },

    async adopt(takeOver) {
      for (const other of new Set(stored().map((key) => part(key, 3)))) {
        const left = () => stored().filter((key) => part(key, 3) == other);
        if (other != page) await takeOver(prefix + other, Math.max(...left().map(timeOf)), () => left().forEach(adopt));
      }
    },

    reconcile() {
      for (const { key, isStored } of own.values()) if (isStored && !storage.read(key)) queue.onRemoved(key);
    },

    forgetAll(outcome) {
      for (const key of [...own.keys(), ...stored()]) forget(key, outcome);
      queue.takeDropped();
    },

    onRemoved(key) {
      if (own.has(key)) forget(key, { state: "dropped", reason: "taken by another page" });
    },
  };
  return queue;
}
