/** A sender with a queue in a world where time passes when told to, and the server answers what it is told to. */
import { afterEach, beforeEach, vi } from "vitest";
import { openQueue, type Queue } from "../../src/queue";
import { openSender, type Sender } from "../../src/sender";
import { safeStorage } from "../../src/storage";
import type { Outcome } from "../../src/types";
import { MemoryStorage } from "./memory-storage";

/** `at`: milliseconds since the test began. */
export type Sent = { at: number; eventKey: string; ns: number[]; keepalive: boolean };
export type Reply = { status: number; text?: string; retryAfter?: string } | "no network" | "unreadable";

export interface World {
  sent: Sent[];
  queue: Queue;
  sender: Sender;
  /** By the event's number. */
  outcomes: Map<number, Outcome>;
  drained: number;
  /** What the server answers, one after the other; the last one again and again. */
  reply(...given: (Reply | ((request: Sent) => Reply))[]): void;
  /** Adds events that count on from the last, and wakes the sender. */
  add(count: number, eventKey?: string, bytes?: number): void;
  pass(ms: number): Promise<unknown>;
  warnings(): string[];
}

const START = 1_700_000_000_000;

export function useWorld(): World {
  const world = {} as World;
  let replies: (Reply | ((request: Sent) => Reply))[];
  let number: number;

  const answer = (_url: string, { body, keepalive }: RequestInit): Promise<Response> => {
    if (!body) return replies[0] == "unreadable" ? Promise.resolve(new Response()) : Promise.reject(new TypeError());
    const { eventKey, data } = JSON.parse(body as string) as { eventKey: string; data: { n: number }[] };
    const request = { at: Date.now() - START, eventKey, ns: data.map(({ n }) => n), keepalive: !!keepalive };
    world.sent.push(request);
    const next = replies.length > 1 ? replies.shift() : replies[0];
    const reply = typeof next == "function" ? next(request) : next;
    if (!reply || typeof reply == "string") return Promise.reject(new TypeError("Failed to fetch"));
    const { status, text = '{"requestId":"r1"}', retryAfter } = reply;
    const headers: Record<string, string> = retryAfter ? { "retry-after": retryAfter } : {};
    return Promise.resolve(new Response(status == 204 ? null : text, { status, headers }));
  };

  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    vi.spyOn(Math, "random").mockReturnValue(0);
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    vi.stubGlobal("fetch", answer);
    const storage = new MemoryStorage();
    number = 0;
    world.sent = [];
    world.outcomes = new Map();
    world.drained = 0;
    world.queue = openQueue(
      "key",
      "a",
      safeStorage(() => storage),
    );
    world.sender = openSender("key", "/analytics", world.queue, () => world.drained++);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  world.reply = (...given) => (replies = given);
  world.add = (count, eventKey = "e", bytes = 20) => {
    for (let i = 0; i < count; i++) {
      const n = number++;
      const pad = "x".repeat(Math.max(0, bytes - 16));
      world.queue.add(eventKey, JSON.stringify({ n, pad }), bytes, (outcome) => world.outcomes.set(n, outcome));
    }
    world.sender.wake();
  };
  world.pass = (ms) => vi.advanceTimersByTimeAsync(ms);
  world.warnings = () => vi.mocked(console.warn).mock.calls.map(([text]) => text as string);
  return world;
}
