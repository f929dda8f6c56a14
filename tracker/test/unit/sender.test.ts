import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openQueue, type Queue } from "../../src/queue";
import { LEAVING_BYTES, openSender, type Sender } from "../../src/sender";
import { safeStorage } from "../../src/storage";
import type { Outcome } from "../../src/types";
import { MemoryStorage } from "./memory-storage";

type Sent = { at: number; eventKey: string; ns: number[]; keepalive: boolean };
type Reply = { status: number; text?: string; retryAfter?: string } | "no network";

const START = 1_700_000_000_000;
let sent: Sent[];
/** What the outside world answers; the last one again and again. */
let replies: ((body: Sent) => Reply)[];
let queue: Queue;
let sender: Sender;
let outcomes: Map<number, Outcome>;
let drained: number;
let number: number;

const reply = (...given: (Reply | ((body: Sent) => Reply))[]): void => {
  replies = given.map((one) => (typeof one == "function" ? one : () => one));
};

const fetchAsGiven = (_url: string, { body, keepalive }: RequestInit): Promise<Response> => {
  const { eventKey, data } = JSON.parse(body as string) as { eventKey: string; data: { n: number }[] };
  const request = { at: Date.now() - START, eventKey, ns: data.map(({ n }) => n), keepalive: !!keepalive };
  sent.push(request);
  const answer = (replies.length > 1 ? replies.shift() : replies[0])?.(request);
  if (!answer || answer == "no network") return Promise.reject(new TypeError("Failed to fetch"));
  const headers: Record<string, string> = answer.retryAfter ? { "retry-after": answer.retryAfter } : {};
  return Promise.resolve(new Response(answer.status == 204 ? null : (answer.text ?? '{"requestId":"r1"}'), { status: answer.status, headers }));
};

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  vi.spyOn(Math, "random").mockReturnValue(0);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.stubGlobal("fetch", fetchAsGiven);
  [sent, outcomes, drained, number] = [[], new Map(), 0, 0];
  const storage = new MemoryStorage();
  queue = openQueue("key", "a", safeStorage(() => storage));
  sender = openSender("key", "/analytics", queue, async () => undefined, () => drained++);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function add(count: number, eventKey = "e", bytes = 20): void {
  for (let i = 0; i < count; i++, number++) {
    const n = number;
    const text = JSON.stringify({ n });
    queue.add(eventKey, text.slice(0, -1) + `,"pad":"${"x".repeat(Math.max(0, bytes - text.length))}"}`, bytes, (outcome) => outcomes.set(n, outcome));
  }
  sender.wake();
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const warnings = (): string[] => vi.mocked(console.warn).mock.calls.map(([text]) => text as string);

describe("a batch", () => {
  test("gathers the calls of one moment", async () => {
    reply({ status: 202 });
    add(3);
    await pass(100);
    expect(sent).toMatchObject([{ eventKey: "e", ns: [0, 1, 2], keepalive: true }]);
    expect(outcomes.get(2)).toEqual({ state: "accepted", requestId: "r1" });
    expect(drained).toBe(1);
  });

  test("has one event key; the oldest event's comes first", async () => {
    reply({ status: 202 });
    add(1, "a");
    add(1, "b");
    add(1, "a");
    await pass(100);
    expect(sent.map(({ eventKey, ns }) => [eventKey, ns])).toEqual([["a", [0, 2]], ["b", [1]]]);
  });

  test("stays within what may outlive a page", async () => {
    reply({ status: 202 });
    add(5, "e", 20_000);
    await pass(100);
    expect(sent.map(({ ns }) => ns)).toEqual([[0, 1], [2, 3], [4]]);
  });

  test("that is refused is split until the one bad event is found, and the others pass", async () => {
    reply(({ ns }) => (ns.includes(5) ? { status: 400, text: '{"message":"data[0].x"}' } : { status: 202 }));
    add(16);
    await pass(100);
    expect([...outcomes].filter(([, { state }]) => state == "refused").map(([n]) => n)).toEqual([5]);
    expect([...outcomes.values()].filter(({ state }) => state == "accepted")).toHaveLength(15);
    expect(warnings()).toEqual(['mcx: /analytics says 400 {"message":"data[0].x"}']);
  });

  test("that is too large is halved", async () => {
    reply(({ ns }) => ({ status: ns.length > 4 ? 413 : 202 }));
    add(16);
    await pass(100);
    expect(outcomes.size).toBe(16);
    expect(sent.length).toBeLessThan(12);
  });
});

describe("a failure", () => {
  test.each<[string, Reply]>([
    ["of the network", "no network"],
    ["503", { status: 503 }],
    ["500", { status: 500 }],
    ["429", { status: 429 }],
    ["408", { status: 408 }],
    ["a 200 of somebody else", { status: 200, text: "<html>" }],
    ["an empty 204", { status: 204 }],
  ])("%s is retried after more and more time, with the same text", async (_, failure) => {
    reply(failure, failure, failure, { status: 202 });
    add(2);
    await pass(20_000);
    expect(sent.map(({ at }) => at)).toEqual([20, 520, 1520, 3520]);
    expect(new Set(sent.map(({ ns }) => ns.join())).size).toBe(1);
    expect(outcomes.get(1)?.state).toBe("accepted");
  });

  test("is said once in the console, however often it is repeated", async () => {
    reply({ status: 503, text: "busy" });
    add(1);
    await pass(60_000);
    expect(warnings()).toEqual(["mcx: /analytics says 503 busy"]);
  });

  test("with Retry-After waits as long as asked", async () => {
    reply({ status: 503, retryAfter: "30" }, { status: 202 });
    add(1);
    await pass(29_000);
    add(1);
    expect(sent).toHaveLength(1);
    await pass(2_000);
    expect(sent.map(({ at, ns }) => [at, ns])).toEqual([[20, [0]], [30_020, [0, 1]]]);
  });

  test("that lasts costs at most one request in five minutes", async () => {
    reply("no network");
    add(1);
    await pass(3_600_000);
    const before = sent.length;
    await pass(3_600_000);
    expect(sent.length - before).toBeLessThanOrEqual(24);
    expect(queue.waiting()).toHaveLength(1);
  });

  test("of hours ends at once when the network is back", async () => {
    reply("no network");
    add(3);
    await pass(4 * 3_600_000);
    reply({ status: 202 });
    sender.online();
    await pass(50);
    expect(outcomes.size).toBe(3);
  });

  test("makes the next request one that does not need the page's 64 KB", async () => {
    reply("no network", { status: 202 }, { status: 202 });
    add(1);
    await pass(2_000);
    add(1);
    await pass(2_000);
    expect(sent.map(({ keepalive }) => keepalive)).toEqual([true, false, true]);
  });
});

describe("a server that is gone for good", () => {
  test.each([[401], [403], [404], [405], [410]])("%i stops all requests and keeps the events", async (status) => {
    reply({ status, text: "no" });
    add(2);
    await pass(1_000);
    add(2);
    sender.flush();
    sender.online();
    await pass(3_600_000);
    expect([sent.length, queue.waiting().length, outcomes.size]).toEqual([1, 4, 0]);
    expect(warnings()).toEqual([`mcx: /analytics says ${status} no`]);
  });
});

describe("a page that is left", () => {
  test("sends all keys at once, in requests that outlive it", () => {
    reply({ status: 202 });
    add(2, "a");
    add(1, "b");
    sender.flush();
    expect(sent).toEqual([
      { at: 0, eventKey: "a", ns: [0, 1], keepalive: true },
      { at: 0, eventKey: "b", ns: [2], keepalive: true },
    ]);
  });

  test("sends no more than the browser lets through, and the rest later", async () => {
    reply({ status: 202 });
    add(10, "e", 10_000);
    sender.flush();
    expect(sent.flatMap(({ ns }) => ns).length * 10_000).toBeLessThan(LEAVING_BYTES);
    await pass(1_000);
    expect(outcomes.size).toBe(10);
  });

  test("sends nothing twice that is under way", async () => {
    reply({ status: 202 });
    add(1);
    await vi.advanceTimersToNextTimerAsync();
    sender.flush();
    sender.flush();
    await pass(1_000);
    expect(sent).toHaveLength(1);
  });

  test("leaves to storage what the server asked to have later", async () => {
    reply({ status: 503, retryAfter: "60" });
    add(1);
    await pass(100);
    sender.flush();
    expect(sent).toHaveLength(1);
  });
});
