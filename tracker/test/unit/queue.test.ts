import { beforeEach, describe, expect, test, vi } from "vitest";
import { LEASE_MS, MAX_BYTES, MAX_EVENTS, openQueue, type Queue } from "../../src/queue";
import { safeStorage } from "../../src/storage";
import type { Outcome } from "../../src/types";
import { MemoryStorage } from "./memory-storage";

let storage: MemoryStorage;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  storage = new MemoryStorage();
});

const open = (page: string, connection = "key"): Queue =>
  openQueue(
    connection,
    page,
    safeStorage(() => storage),
  );
const items = (): [string, unknown][] => Object.entries(storage).filter(([key]) => key.startsWith("mcx:"));
const textsOf = (queue: Queue): string[] => queue.all().map((entry) => entry.text);

function fill(queue: Queue, count: number, bytes = 2, outcomes: Outcome[] = []): void {
  for (let i = 0; i < count; i++) {
    vi.advanceTimersByTime(1);
    queue.add("e", `{"n":${i}}`, bytes, (outcome) => outcomes.push(outcome));
  }
}

describe("one page", () => {
  test("keeps each event as one item of storage", () => {
    const queue = open("a");
    queue.add("login", '{"x":"1:2"}', 11);
    expect(items()).toHaveLength(1);
    expect(items()[0]?.[1]).toBe('login:{"x":"1:2"}');
  });

  test("gives its events oldest first", () => {
    const queue = open("a");
    fill(queue, 3);
    expect(textsOf(queue)).toEqual(['{"n":0}', '{"n":1}', '{"n":2}']);
  });

  test("forgets a settled event in storage too, and says its outcome once", () => {
    const queue = open("a");
    const outcomes: Outcome[] = [];
    fill(queue, 1, 2, outcomes);
    const entries = queue.all();
    queue.settle(entries, { state: "accepted", requestId: "r" });
    queue.settle(entries, { state: "queued" });
    expect([items(), queue.all(), outcomes]).toEqual([[], [], [{ state: "accepted", requestId: "r" }]]);
  });

  test("leaves the page's own items of storage alone", () => {
    storage.setItem("cart", "full");
    const queue = open("a");
    fill(queue, 1);
    queue.forgetAll({ state: "queued" });
    expect(Object.entries(storage)).toEqual([["cart", "full"]]);
  });
});

describe("the bound", () => {
  test("of the number of events drops the oldest and counts them", () => {
    const queue = open("a");
    const outcomes: Outcome[] = [];
    fill(queue, MAX_EVENTS + 7, 2, outcomes);
    queue.trim();
    expect(textsOf(queue)).toHaveLength(MAX_EVENTS);
    expect(textsOf(queue)[0]).toBe('{"n":7}');
    expect(items()).toHaveLength(MAX_EVENTS);
    expect(outcomes).toEqual(Array(7).fill({ state: "dropped", reason: "queue full" }));
    expect([queue.takeDropped(), queue.takeDropped()]).toEqual([7, 0]);
  });

  test("of the bytes drops the oldest", () => {
    const queue = open("a");
    fill(queue, 30, 20_000);
    queue.trim();
    expect(queue.all()).toHaveLength(MAX_BYTES / 20_000);
    expect(queue.takeDropped()).toBe(5);
  });

  test("holds within a burst too, give or take what is added between two looks", () => {
    fill(open("a"), MAX_EVENTS * 2);
    expect(items().length).toBeLessThan(MAX_EVENTS + 60);
  });

  test("is one for all tabs", () => {
    const [a, b] = [open("a"), open("b")];
    fill(a, 600);
    fill(b, 600);
    b.trim();
    expect(items()).toHaveLength(MAX_EVENTS);
    expect(textsOf(b)).toHaveLength(600);
  });

  test("holds without storage", () => {
    const queue = openQueue(
      "key",
      "a",
      safeStorage(() => {
        throw new DOMException("off", "SecurityError");
      }),
    );
    fill(queue, MAX_EVENTS + 3);
    queue.trim();
    expect(queue.all()).toHaveLength(MAX_EVENTS);
  });
});

describe("storage that is full", () => {
  test("costs persistence only", () => {
    storage = new MemoryStorage(10);
    const queue = open("a");
    fill(queue, 3);
    expect([items().length, queue.all().length, queue.all()[0]?.isStored]).toEqual([0, 3, false]);
  });

  test("that the page clears costs persistence only", () => {
    const queue = open("a");
    fill(queue, 3);
    storage.clear();
    queue.trim();
    expect(queue.all()).toHaveLength(3);
  });
});

describe("storage that another tab clears", () => {
  test("costs persistence only, key by key too", () => {
    const outcomes: Outcome[] = [];
    const queue = open("a");
    fill(queue, 2, 2, outcomes);
    for (const [key] of items()) {
      storage.removeItem(key);
      queue.onRemoved(key);
    }
    queue.reconcile();
    expect([textsOf(queue).length, outcomes]).toEqual([2, []]);
  });
});

describe("what other pages left", () => {
  test("is taken over with its key, its text and its age, and is nobody else's any more", () => {
    const dead = open("dead");
    dead.add("login", '{"at":"12:30"}', 14);
    vi.advanceTimersByTime(60_000);
    const next = open("next");
    next.adopt();
    expect(next.all().map(({ eventKey, text, bytes }) => [eventKey, text, bytes])).toEqual([
      ["login", '{"at":"12:30"}', 14],
    ]);
    expect(items()).toHaveLength(1);
    expect(items()[0]?.[0]).toMatch(new RegExp(`^mcx:key:${(1_700_000_000_000).toString(36)}.*:next:14$`));
  });

  test("is told to its page, should that live, as queued: the other sends it", () => {
    const outcomes: Outcome[] = [];
    const first = open("first");
    fill(first, 1, 2, outcomes);
    const key = items()[0]?.[0] ?? "";
    vi.advanceTimersByTime(LEASE_MS);
    open("next").adopt();
    first.onRemoved(key);
    expect([first.all(), outcomes]).toEqual([[], [{ state: "queued" }]]);
  });

  test("stays where it is as long as its page may be sending it, and is asked for again", () => {
    fill(open("alive"), 2);
    const next = open("next");
    expect([next.adopt(), next.all()]).toEqual([true, []]);
    vi.advanceTimersByTime(LEASE_MS);
    expect([next.adopt(), next.all().length]).toEqual([false, 2]);
  });

  test("by a clock that was set back since is taken over too", () => {
    fill(open("dead"), 1);
    vi.setSystemTime(Date.now() - 40 * 86_400_000);
    const next = open("next");
    next.adopt();
    expect(next.all()).toHaveLength(1);
  });

  test("of another connection stays", () => {
    fill(open("dead", "other key"), 2);
    vi.advanceTimersByTime(LEASE_MS);
    const next = open("next");
    next.adopt();
    expect(next.all()).toEqual([]);
  });

  test("and what is no event of ours is passed over", () => {
    storage.setItem("mcx:key:garbage", "x");
    const next = open("next");
    next.adopt();
    expect(next.all()).toEqual([]);
  });

  test("after a sleep, what another page took over is forgotten, and the rest kept", () => {
    const queue = open("a");
    fill(queue, 1);
    vi.advanceTimersByTime(LEASE_MS);
    open("b").adopt();
    fill(queue, 1);
    queue.reconcile();
    expect(queue.all()).toHaveLength(1);
  });
});

test("forgetting everything clears what other pages stored, and the count of what was dropped", () => {
  const queue = open("a");
  const outcomes: Outcome[] = [];
  fill(open("b"), MAX_EVENTS);
  fill(queue, 2, 2, outcomes);
  queue.trim();
  queue.forgetAll({ state: "dropped", reason: "no consent" });
  expect(Object.keys(storage)).toEqual([]);
  expect(outcomes).toEqual(Array(2).fill({ state: "dropped", reason: "no consent" }));
});
