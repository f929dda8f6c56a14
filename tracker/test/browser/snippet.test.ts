import type { Route } from "playwright-core";
import { expect, test } from "vitest";
import { script } from "./harness/site";
import { until, useStage } from "./harness/stage";

const stage = useStage();

/** Holds /mcx.js back until the returned function is called. */
async function holdScript(): Promise<() => Promise<void>> {
  const held: Route[] = [];
  await stage.context.route("**/mcx.js", (route) => void held.push(route));
  return async () => {
    await until(() => held.length > 0);
    for (const route of held) await route.continue();
  };
}

const ordered = async (count: number): Promise<Record<string, unknown>[]> =>
  (await stage.logged(count)).map(({ payload }) => payload).sort((a, b) => Number(a["n"]) - Number(b["n"]));

test("the page does not wait for the script", async () => {
  await holdScript();
  const page = await stage.context.newPage();
  await page.goto(`${stage.site.url}/plain.html`, { waitUntil: "domcontentloaded" });
  expect(await page.evaluate(() => document.querySelector("h1")?.textContent)).toBe("Plain");
});

test("the next page takes the script from the browser's cache", async () => {
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("order"));
  await page.goto(`${stage.site.url}/next.html`);
  await page.evaluate(() => mcxTrack("order"));
  await stage.logged(2);
  expect(stage.proxy.requests.filter(({ path }) => path == "/mcx.js")).toHaveLength(1);
});

test("calls made before the script has loaded arrive with their own time, context and payload", async () => {
  const release = await holdScript();
  stage.site.values["SNIPPET"] = stage.snippet({ companyId: "acme" });
  const page = await stage.context.newPage();
  await page.goto(`${stage.site.url}/plain.html`, { waitUntil: "commit" });
  const [first, second] = await page.evaluate(async () => {
    const payload = { n: 1, state: "as called" };
    const first = Date.now();
    void mcxTrack("order", payload);
    payload.state = "changed later";
    await new Promise((resolve) => setTimeout(resolve, 300));
    void mcxContext({ companyId: "bravo", userId: "u2" });
    const second = Date.now();
    void mcxTrack("order", { n: 2 });
    return [first, second] as const;
  });
  await release();
  const events = await ordered(2);
  expect(events).toMatchObject([
    { n: 1, state: "as called", companyId: "acme" },
    { n: 2, companyId: "bravo", userId: "u2" },
  ]);
  expect(Math.abs(Number(events[0]?.["eventDate"]) - first)).toBeLessThan(100);
  expect(Math.abs(Number(events[1]?.["eventDate"]) - second)).toBeLessThan(100);
});

test("the promise of a call made before the script has loaded tells its fate", async () => {
  const release = await holdScript();
  const page = await stage.context.newPage();
  await page.goto(`${stage.site.url}/plain.html`, { waitUntil: "commit" });
  const fate = page.evaluate(() => mcxTrack("order"));
  await release();
  expect(await fate).toMatchObject({ state: "accepted" });
});

test("a page whose script is blocked works, and its promises end", async () => {
  await stage.context.route("**/mcx.js", (route) => route.abort());
  const page = await stage.open();
  expect(await page.evaluate(() => mcxTrack("order"))).toBeUndefined();
});

test("a function that the page kept from before the script loaded works afterwards", async () => {
  const release = await holdScript();
  const page = await stage.context.newPage();
  await page.goto(`${stage.site.url}/plain.html`, { waitUntil: "commit" });
  await page.evaluate(() => void Object.assign(window, { kept: mcxTrack }));
  await release();
  await page.evaluate(() => mcxTrack("order", { n: 1 }));
  await page.evaluate(() => (window as unknown as { kept: typeof mcxTrack }).kept("order", { n: 2 }));
  await stage.logged(2);
});

test("the context applies from when it is set, and a signed-out user is forgotten", async () => {
  const page = await stage.open();
  await page.evaluate(async () => {
    await mcxTrack("order", { n: 1 });
    void mcxContext({ companyId: "acme", userId: "u1" });
    await mcxTrack("order", { n: 2 });
    await mcxTrack("order", { n: 3, companyId: "own" });
    void mcxContext({ companyId: "", userId: null });
    await mcxTrack("order", { n: 4 });
  });
  expect((await ordered(4)).map(({ companyId, userId }) => [companyId, userId])).toEqual([
    [undefined, undefined],
    ["acme", "u1"],
    ["own", "u1"],
    [undefined, undefined],
  ]);
});

test("the snippet works in an index.js", async () => {
  stage.site.values["index"] = script(stage.fields());
  const page = await stage.open("index-js.html");
  await page.evaluate(() => mcxTrack("order"));
  await stage.logged(1);
});

test("the snippet works in a module", async () => {
  stage.site.values["app"] = script(stage.fields());
  const page = await stage.open("module.html");
  await page.evaluate(() => mcxTrack("order"));
  await stage.logged(1);
});

test("the imported package works without the snippet, and tracks once however often it is created", async () => {
  stage.site.values["app"] = `
    import { createTracker } from "/index.mjs";
    const config = ${JSON.stringify(stage.fields({ companyId: "acme", trackAllPageLoads: true }))};
    const tracker = createTracker(config);
    createTracker(config);
    tracker.track("order", { n: 1 });
    tracker.context({ companyId: "bravo" });
    tracker.track("order", { n: 2 });`;
  await stage.open("module.html");
  const events = await stage.logged(3);
  expect(events.map(({ eventKey, payload }) => [eventKey, payload["companyId"]]).sort()).toEqual([
    ["order", "acme"],
    ["order", "bravo"],
    ["page", "bravo"],
  ]);
});
