import { describe, expect, test, vi } from "vitest";
import { type Reply, useWorld } from "./outside-world";

const world = useWorld();

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
    world.reply(failure, failure, failure, { status: 202 });
    world.add(2);
    await world.pass(20_000);
    expect(world.sent.map(({ at }) => at)).toEqual([20, 520, 1520, 3520]);
    expect(new Set(world.sent.map(({ ns }) => ns.join())).size).toBe(1);
    expect(world.outcomes.get(1)?.state).toBe("accepted");
  });

  test("is said once in the console, however often it is repeated", async () => {
    world.reply({ status: 503, text: "busy" });
    world.add(1);
    await world.pass(60_000);
    expect(world.warnings()).toEqual(["mcx: /analytics says 503 busy"]);
  });

  test("with Retry-After waits as long as asked", async () => {
    world.reply({ status: 503, retryAfter: "30" }, { status: 202 });
    world.add(1);
    await world.pass(29_000);
    world.add(1);
    expect(world.sent).toHaveLength(1);
    await world.pass(2_000);
    expect(world.sent.map(({ at, ns }) => [at, ns])).toEqual([
      [20, [0]],
      [30_020, [0, 1]],
    ]);
  });

  test("that lasts costs at most one request in five minutes", async () => {
    world.reply("no network");
    world.add(1);
    await world.pass(3_600_000);
    const before = world.sent.length;
    await world.pass(3_600_000);
    expect(world.sent.length - before).toBeLessThanOrEqual(24);
    expect(world.queue.all()).toHaveLength(1);
  });

  test("behind which something answers that the page may not read is repeated once an hour at last", async () => {
    world.reply("unreadable");
    world.add(1);
    await world.pass(2 * 3_600_000);
    const before = world.sent.length;
    await world.pass(6 * 3_600_000);
    expect(world.sent.length - before).toBeLessThanOrEqual(6);
    expect(world.queue.all()).toHaveLength(1);
  });

  test.each([-40 * 86_400_000, -3_600_000, 3_600_000, 40 * 86_400_000])(
    "is waited for as long, whatever the clock is set to meanwhile: %i ms",
    async (ms) => {
      world.reply("no network", { status: 202 });
      world.add(1);
      await world.pass(100);
      vi.setSystemTime(Date.now() + ms);
      world.add(1);
      expect(vi.getTimerCount()).toBeLessThan(5);
      await world.pass(1_000);
      expect(world.outcomes.size).toBe(2);
    },
  );

  test("of hours ends at once when the network is back", async () => {
    world.reply("no network");
    world.add(3);
    await world.pass(4 * 3_600_000);
    world.reply({ status: 202 });
    world.sender.online();
    await world.pass(50);
    expect(world.outcomes.size).toBe(3);
  });

  test("makes the next request one that does not need the page's 64 KB", async () => {
    world.reply("no network", { status: 202 }, { status: 202 });
    world.add(1);
    await world.pass(2_000);
    world.add(1);
    await world.pass(2_000);
    expect(world.sent.map(({ keepalive }) => keepalive)).toEqual([true, false, true]);
  });
});

describe("a server that is gone for good", () => {
  test.each([[401], [403], [404], [405], [410]])("%i stops all requests and keeps the events", async (status) => {
    world.reply({ status, text: "no" });
    world.add(2);
    await world.pass(1_000);
    world.add(2);
    world.sender.flush();
    world.sender.online();
    await world.pass(3_600_000);
    expect([world.sent.length, world.queue.all().length, world.outcomes.size]).toEqual([1, 4, 0]);
    expect(world.warnings()).toEqual([`mcx: /analytics says ${status} no`]);
  });
});
