import { beforeEach, describe, expect, test, vi } from "vitest";
import { MAX_BYTES, MAX_EVENTS, openQueue, type Queue } from "../../src/queue";
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
const textsOf = (queue: Queue): string[] => queue.waiting().map((entry) => entry.text);

function fill(queue: Queue, count: number, bytes = 2, outcomes: Outcome[] = []): void {
  for (let i = 0; i < count; i++) {
    vi.advanceTimersByTime(1);
    queue.add("e", `{"n":${i}}`, bytes, (outcome) => outcomes.push(outcome));
  }
}

/** A page's events as the next page finds them: `move` runs at once, as if the page were gone. */
const isGone = (_page: string, _lastAt: number, move: () => void): void => move();

describe("one page", () => {
  test("keeps each event as one item of storage", () => {
    const queue = open("a");
    queue.add("login", '{"x":"1:2"}', 11);
    expect(items()).toHaveLength(1);
    expect(items()[0]?.[1]).toBe('login:{"x":"1:2"}');
  });

  test("gives its events oldest first, without those under way", () => {
    const queue = open("a");
    fill(queue, 3);
    const [first] = queue.waiting();
    if (first) first.isFlying = true;
    expect(textsOf(queue)).toEqual(['{"n":1}', '{"n":2}']);
  });

  test("forgets a settled event in storage too, and says its outcome once", () => {
    const queue = open("a");
    const outcomes: Outcome[] = [];
    fill(queue, 1, 2, outcomes);
    const entries = queue.waiting();
    queue.settle(entries, { state: "accepted", requestId: "r" });
    queue.settle(entries, { state: "queued" });
    expect([items(), queue.waiting(), outcomes]).toEqual([[], [], [{ state: "accepted", requestId: "r" }]]);
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
    expect(queue.waiting()).toHaveLength(MAX_BYTES / 20_000);
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

  test("lets the tab know whose event another tab has dropped", () => {
    const outcomes: Outcome[] = [];
    const a = open("a");
    fill(a, 1, 2, outcomes);
    const key = items()[0]?.[0] ?? "";
    storage.removeItem(key);
    a.onRemoved(key);
    expect([outcomes[0]?.state, a.waiting()]).toEqual(["dropped", []]);
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
    expect(queue.waiting()).toHaveLength(MAX_EVENTS);
  });
});

describe("storage that is full", () => {
  test("costs persistence only", () => {
    storage = new MemoryStorage(10);
    const queue = open("a");
    fill(queue, 3);
    expect([items().length, queue.waiting().length, queue.waiting()[0]?.isStored]).toEqual([0, 3, false]);
  });

  test("that the page clears costs persistence only", () => {
    const queue = open("a");
    fill(queue, 3);
    storage.clear();
    queue.trim();
    expect(queue.waiting()).toHaveLength(3);
  });
});

describe("what other pages left", () => {
  test("is taken over with its key, its text and its age, and is nobody else's any more", async () => {
    const dead = open("dead");
    dead.add("login", '{"at":"12:30"}', 14);
    vi.advanceTimersByTime(60_000);
    const next = open("next");
    await next.adopt(isGone);
    const lastAt: number[] = [];
    await open("third").adopt((_page, at) => lastAt.push(at));
    expect(next.waiting().map(({ eventKey, text, bytes }) => [eventKey, text, bytes])).toEqual([
      ["login", '{"at":"12:30"}', 14],
    ]);
    expect(items()).toHaveLength(1);
    expect(items()[0]?.[0]).toContain(":next:");
    expect(lastAt).toEqual([1_700_000_000_000]);
  });

  test("stays where its page lives", async () => {
    fill(open("alive"), 2);
    const next = open("next");
    await next.adopt(() => undefined);
    expect(next.waiting()).toEqual([]);
  });

  test("is asked for by connection and page", async () => {
    fill(open("dead"), 2);
    fill(open("dead", "other key"), 2);
    const asked: string[] = [];
    await open("next").adopt((page) => asked.push(page));
    expect(asked).toEqual(["mcx:key:dead"]);
  });

  test("and what is no event of ours is passed over", async () => {
    storage.setItem("mcx:key:garbage", "x");
    const next = open("next");
    await next.adopt(isGone);
    expect(next.waiting()).toEqual([]);
  });

  test("after a sleep, what another page took over is forgotten, and the rest kept", () => {
    const queue = open("a");
    fill(queue, 2);
    storage.removeItem(items()[0]?.[0] ?? "");
    queue.reconcile();
    expect(textsOf(queue)).toEqual(['{"n":1}']);
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
