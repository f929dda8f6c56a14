/**
 * The bounded persistent queue of one page: what it holds in memory is copied to localStorage, one item per event,
 * so that adding and removing never rewrites what another tab wrote. Storage that is off, full or cleared costs only
 * persistence. Refuses nothing: beyond the bound the oldest events of all tabs go, and are counted.
 *
 * An item is `mcx:<connection>:<page>:<time and number>:<bytes>` = `<eventKey>:<payload>`; an event key has no colon.
 */
import type { SafeStorage } from "./storage";
import type { Outcome } from "./types";

export const MAX_EVENTS = 1000;
export const MAX_BYTES = 500_000;

/** An event that has no final fate yet. Only its own page sends it. */
export interface Entry {
  readonly key: string;
  readonly eventKey: string;
  readonly text: string;
  readonly bytes: number;
  /** Called once with the final outcome. */
  readonly settle: (outcome: Outcome) => void;
  /** Whether storage took the copy. */
  isStored: boolean;
  /** Whether a request with it is under way. */
  isFlying: boolean;
}

export interface Queue {
  /** `at`: when the event was first queued, which orders the eviction. */
  add(eventKey: string, text: string, bytes: number, settle: (outcome: Outcome) => void, at?: number): void;
  /** Forgets the entries, here and in storage. */
  settle(entries: Iterable<Entry>, outcome: Outcome): void;
  /** How many there are, under way or not. */
  size(): number;
  /** Those that are not under way, oldest first. */
  waiting(): Entry[];
  /** Enforces the bound over all tabs. */
  trim(): void;
  /** How many were dropped since last asked, over all tabs and pages. */
  takeDropped(): number;
  /** The pages other than this one that have left something in storage. */
  others(): string[];
  /** Makes the other page's entries this one's. To be called only when that page is gone for certain. */
  adopt(page: string): void;
  /** After a sleep: forgets those that another tab took over meanwhile. */
  reconcile(): void;
  /** Forgets everything of this connection, in all tabs' storage too. */
  clear(outcome: Outcome): void;
  /** What another tab did to storage. */
  onStorage(key: string | null, newValue: string | null): void;
}

type Item = { key: string; page: string; stamp: string; bytes: number };

export function openQueue(connectionId: string, page: string, storage: SafeStorage): Queue {
  const prefix = `mcx:${connectionId}:`;
  const droppedKey = `${prefix}dropped`;
  const own = new Map<string, Entry>();
  const overflow: Outcome = { state: "dropped", reason: "queue full" };
  let number = 0;
  let dropped = 0;
  let [count, bytesHeld] = [0, 0];

  const itemOf = (key: string): Item => {
    const [, , page = "", stamp = "", bytes = ""] = key.split(":");
    return { key, page, stamp, bytes: parseInt(bytes, 36) };
  };
  const stored = (): Item[] =>
    storage
      .keys()
      .filter((key) => key.startsWith(prefix))
      .map(itemOf)
      .filter((item) => item.bytes > 0)
      .sort((a, b) => (a.stamp < b.stamp ? -1 : 1));

  const forget = (entry: Entry, outcome: Outcome) => {
    if (own.delete(entry.key)) {
      count--;
      bytesHeld -= entry.bytes;
      storage.remove(entry.key);
      entry.settle(outcome);
    }
  };

  const queue: Queue = {
    add(eventKey, text, bytes, settle, at = Date.now()) {
      const stamp = at.toString(36) + (1e4 + (number++ % 1e4)).toString().slice(1);
      const key = `${prefix}${page}:${stamp}:${bytes.toString(36)}`;
      own.set(key, { key, eventKey, text, bytes, settle, isStored: storage.write(key, `${eventKey}:${text}`), isFlying: false });
      count++;
      bytesHeld += bytes;
      if (count > MAX_EVENTS || bytesHeld > MAX_BYTES) queue.trim();
    },

    settle(entries, outcome) {
      for (const entry of entries) forget(entry, outcome);
    },

    size: () => own.size,

    waiting: () => [...own.values()].filter((entry) => !entry.isFlying),

    trim() {
      const keys = new Set([...own.keys(), ...stored().map((item) => item.key)]);
      const items = [...keys].map(itemOf).sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
      count = items.length;
      bytesHeld = items.reduce((sum, item) => sum + item.bytes, 0);
      for (const { key, bytes } of items) {
        if (count <= MAX_EVENTS && bytesHeld <= MAX_BYTES) break;
        const entry = own.get(key);
        if (entry) forget(entry, overflow);
        else {
          storage.remove(key);
          count--;
          bytesHeld -= bytes;
        }
        dropped++;
      }
      if (dropped && storage.write(droppedKey, `${dropped + +(storage.read(droppedKey) ?? 0)}`)) dropped = 0;
    },

    takeDropped() {
      const all = dropped + +(storage.read(droppedKey) ?? 0);
      dropped = 0;
      if (all) storage.remove(droppedKey);
      return all;
    },

    others: () => [...new Set(stored().map((item) => item.page))].filter((other) => other != page),

    adopt(other) {
      for (const { key, page, stamp, bytes } of stored()) {
        const value = page == other && storage.read(key);
        if (!value) continue;
        storage.remove(key);
        const colon = value.indexOf(":");
        queue.add(value.slice(0, colon), value.slice(colon + 1), bytes, () => undefined, parseInt(stamp.slice(0, -4), 36));
      }
    },

    reconcile() {
      for (const entry of own.values()) if (entry.isStored && !storage.read(entry.key)) forget(entry, { state: "queued" });
    },

    clear(outcome) {
      queue.settle(own.values(), outcome);
      for (const { key } of stored()) storage.remove(key);
      queue.takeDropped();
    },

    onStorage(key, newValue) {
      const entry = key && newValue == null && own.get(key);
      if (entry) forget(entry, { state: "dropped", reason: "removed by another tab" });
    },
  };
  return queue;
}
