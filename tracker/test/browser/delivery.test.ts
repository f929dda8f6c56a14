import { expect, test } from "vitest";
import { processed, sleep, until, useStage } from "./harness/stage";

const stage = useStage();

test("an event arrives once, with the company, the user and the time of the call", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ companyId: "acme", userId: "u1" });
  const page = await stage.open();
  const before = Date.now();
  const fate = await page.evaluate(() => mcxTrack("login", { plan: "pro", nested: { deep: [1] } }));
  const [event] = await stage.logged(1);
  expect(fate).toMatchObject({ state: "accepted", idempotencyKey: event?.payload["idempotencyKey"] });
  expect(event).toMatchObject({
    eventKey: "login",
    payload: { companyId: "acme", userId: "u1", plan: "pro", nested: { deep: [1] } },
  });
  expect(event?.eventDateMs).toBeGreaterThanOrEqual(before);
  expect(event?.eventDateMs).toBeLessThanOrEqual(Date.now());
});

test("no request needs a preflight or carries cookies", async () => {
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("login"));
  expect(stage.proxy.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  expect(stage.proxy.posts()[0]?.headers).toMatchObject({ "content-type": "text/plain;charset=UTF-8" });
  expect(stage.proxy.posts()[0]?.headers.cookie).toBeUndefined();
});

test("the calls of one moment go in one request for each event key", async () => {
  const page = await stage.open();
  await page.evaluate(() => Promise.all(["a", "b", "a", "a"].map((key) => mcxTrack(key))));
  await stage.logged(4);
  expect(stage.proxy.posts()).toHaveLength(2);
});

test("a bad event does not take the good ones of its batch with it, and the console says why", async () => {
  const page = await stage.open();
  const states = await page.evaluate(async () => {
    const fates = [1, 2, 3, 4, 5].map((n) => mcxTrack("order", n == 3 ? { n, eventDate: "yesterday" } : { n }));
    return (await Promise.all(fates)).map((fate) => fate?.state);
  });
  expect(states).toEqual(["accepted", "accepted", "refused", "accepted", "accepted"]);
  expect((await stage.logged(4)).map(({ payload }) => payload["n"]).sort()).toEqual([1, 2, 4, 5]);
  expect(stage.console.some((text) => text.startsWith("mcx:") && text.includes("400"))).toBe(true);
});

test("whatever the page passes in, nothing is thrown and no promise rejects", async () => {
  const page = await stage.open();
  const states = await page.evaluate(async () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const hostile = {
      get trap() {
        throw new Error("trap");
      },
    };
    const calls: [unknown, unknown][] = [
      ["a.b", {}],
      ["a:b", {}],
      ["$a", {}],
      ["", {}],
      [undefined, {}],
      [{}, {}],
      ["ok", "text"],
      ["ok", [1]],
      ["ok", circle],
      ["ok", { big: 1n }],
      ["ok", { text: "x".repeat(30_000) }],
    ];
    const fates = await Promise.all(calls.map(([key, payload]) => mcxTrack(key as string, payload as object)));
    const trapped = await mcxTrack("ok", hostile).catch(() => "rejected");
    await mcxContext(null as never);
    await mcxConsent(undefined as never);
    return [...fates, trapped].map((fate) => (typeof fate == "object" ? fate.state : fate));
  });
  const refused = Array<string>(8).fill("refused");
  expect(states).toEqual([...refused, "accepted", "accepted", "refused", "accepted"]);
  expect(stage.console.filter((text) => text.startsWith("mcx:")).length).toBeGreaterThanOrEqual(11);
  await stage.logged(3);
});

test("a 503 with Retry-After is waited for, whatever is called meanwhile, and then all arrives once", async () => {
  stage.proxy.break({ status: 503, headers: { "retry-after": "4" } });
  const page = await stage.open();
  const first = await page.evaluate(() => mcxTrack("order", { n: 1 }));
  expect(first?.state).toBe("queued");
  expect(stage.proxy.posts()).toHaveLength(1);
  await page.evaluate(() => void mcxTrack("order", { n: 2 }));
  await until(() => stage.proxy.posts().length >= 2);
  const [asked, again] = stage.proxy.posts();
  expect((again?.at ?? 0) - (asked?.at ?? 0)).toBeGreaterThanOrEqual(4000);
  stage.proxy.break();
  await stage.logged(2);
});

test("an answer that is lost on the way makes a repeat, which counts once", async () => {
  stage.proxy.onRequest = () => (stage.proxy.posts().length == 1 ? "swallow" : undefined);
  const page = await stage.open();
  await page.evaluate(() => void mcxTrack("order", { n: 1 }));
  await until(
    () => stage.log.events(stage.key),
    (events) => events.length == 2,
  );
  const events = await stage.log.events(stage.key);
  expect(events.map(({ isDuplicate }) => isDuplicate)).toEqual([false, true]);
  expect(new Set(events.map(({ payload }) => payload["idempotencyKey"])).size).toBe(1);
});

test("a server that answers nothing holds up neither the page nor a promise", async () => {
  stage.proxy.break("hang");
  const page = await stage.open();
  const [fate, took] = await page.evaluate(async () => {
    const start = performance.now();
    return [await mcxTrack("order"), performance.now() - start] as const;
  });
  expect(fate?.state).toBe("queued");
  expect(took).toBeLessThan(3500);
});

test("an unknown key stops all requests, keeps the events within the bound, and says so once", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ connectionId: "nobody" });
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("order"));
  await page.evaluate(async () => {
    for (let n = 0; n < 1500; n++) void mcxTrack("order", { n });
  });
  await sleep(1500);
  expect(stage.proxy.posts()).toHaveLength(1);
  const [count, first] = await page.evaluate(() => {
    const keys = Object.keys(localStorage)
      .filter((key) => key.startsWith("mcx:"))
      .sort();
    return [keys.length, localStorage.getItem(keys[0] ?? "")];
  });
  expect(count).toBeLessThanOrEqual(1000);
  expect(first).toMatch(/"n":5\d\d/);
  expect(stage.console.filter((text) => text.startsWith("mcx:"))).toHaveLength(1);
});

test("what the bound drops is counted, and the count arrives", async () => {
  stage.proxy.break("drop");
  const page = await stage.open();
  await page.evaluate(() => {
    for (let n = 0; n < 1100; n++) void mcxTrack("order", { n });
  });
  await sleep(500);
  stage.proxy.break();
  const events = await until(
    async () => processed(await stage.log.events(stage.key)),
    (found) => found.some(({ eventKey }) => eventKey == "mcx-dropped"),
  );
  expect(events.find(({ eventKey }) => eventKey == "mcx-dropped")?.payload["count"]).toBe(100);
  expect(events.filter(({ eventKey }) => eventKey == "order")).toHaveLength(1000);
});
