import { describe, expect, test, vi } from "vitest";
import { LEAVING_BYTES } from "../../src/sender";
import { useWorld } from "./outside-world";

const world = useWorld();

describe("a batch", () => {
  test("gathers the calls of one moment", async () => {
    world.reply({ status: 202 });
    world.add(3);
    await world.pass(100);
    expect(world.sent).toMatchObject([{ eventKey: "e", ns: [0, 1, 2], keepalive: true }]);
    expect(world.outcomes.get(2)).toEqual({ state: "accepted", requestId: "r1" });
    expect(world.drained).toBe(1);
  });

  test("has one event key; the oldest event's comes first", async () => {
    world.reply({ status: 202 });
    world.add(1, "a");
    world.add(1, "b");
    world.add(1, "a");
    await world.pass(100);
    expect(world.sent.map(({ eventKey, ns }) => [eventKey, ns])).toEqual([
      ["a", [0, 2]],
      ["b", [1]],
    ]);
  });

  test("stays within what may outlive a page", async () => {
    world.reply({ status: 202 });
    world.add(5, "e", 20_000);
    await world.pass(100);
    expect(world.sent.map(({ ns }) => ns)).toEqual([[0, 1], [2, 3], [4]]);
  });

  test("that is refused is split until the one bad event is found, and the others pass", async () => {
    world.reply(({ ns }) => (ns.includes(5) ? { status: 400, text: '{"message":"data[0].x"}' } : { status: 202 }));
    world.add(16);
    await world.pass(100);
    expect([...world.outcomes].filter(([, { state }]) => state == "refused").map(([n]) => n)).toEqual([5]);
    expect([...world.outcomes.values()].filter(({ state }) => state == "accepted")).toHaveLength(15);
    expect(world.warnings()).toEqual(['mcx: /analytics says 400 {"message":"data[0].x"}']);
  });

  test("that is too large is halved", async () => {
    world.reply(({ ns }) => ({ status: ns.length > 4 ? 413 : 202 }));
    world.add(16);
    await world.pass(100);
    expect(world.outcomes.size).toBe(16);
    expect(world.sent.length).toBeLessThan(12);
  });
});

describe("a page that is left", () => {
  test("sends all keys at once, in requests that outlive it", () => {
    world.reply({ status: 202 });
    world.add(2, "a");
    world.add(1, "b");
    world.sender.flush();
    expect(world.sent).toEqual([
      { at: 0, eventKey: "a", ns: [0, 1], keepalive: true },
      { at: 0, eventKey: "b", ns: [2], keepalive: true },
    ]);
  });

  test("sends no more than the browser lets through, and the rest later", async () => {
    world.reply({ status: 202 });
    world.add(10, "e", 10_000);
    world.sender.flush();
    expect(world.sent.flatMap(({ ns }) => ns).length * 10_000).toBeLessThan(LEAVING_BYTES);
    await world.pass(1_000);
    expect(world.outcomes.size).toBe(10);
  });

  test("sends nothing twice that is under way", async () => {
    world.reply({ status: 202 });
    world.add(1);
    await vi.advanceTimersToNextTimerAsync();
    world.sender.flush();
    world.sender.flush();
    await world.pass(1_000);
    expect(world.sent).toHaveLength(1);
  });

  test("leaves to storage what the server asked to have later", async () => {
    world.reply({ status: 503, retryAfter: "60" });
    world.add(1);
    await world.pass(100);
    world.sender.flush();
    expect(world.sent).toHaveLength(1);
  });

  test("sends although its last request just failed, since leaving makes it fail", async () => {
    world.reply("no network", { status: 202 });
    world.add(1);
    await world.pass(100);
    world.sender.flush();
    expect(world.sent).toHaveLength(2);
  });

  test("and comes back sends anew what was under way, and not again what has arrived", async () => {
    const hanging = new Promise<Response>(() => undefined);
    vi.stubGlobal("fetch", () => hanging);
    world.add(2);
    await world.pass(100);
    vi.stubGlobal("fetch", () => Promise.resolve(new Response('{"requestId":"r2"}', { status: 202 })));
    world.sender.resume();
    await world.pass(100);
    expect(world.outcomes.get(1)).toEqual({ state: "accepted", requestId: "r2" });
    expect(world.queue.all()).toEqual([]);
  });
});
