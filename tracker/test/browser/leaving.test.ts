import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { WITHOUT_TLS } from "./harness/chromium";
import { sleep, until, useStage } from "./harness/stage";

const stage = useStage();

/** The tab's process dies, with no chance to say or store anything. */
async function kill(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  const session = await stage.context.newCDPSession(page);
  void session.send("Page.crash").catch(() => undefined);
  await crashed;
  await page.close();
}

test("an event of a page that is left in the same moment arrives", async () => {
  const page = await stage.open();
  await page.evaluate(() => {
    void mcxTrack("goodbye");
    location.href = "without.html";
  });
  await stage.logged(1);
});

test("an event of a tab that is closed in the same moment arrives, without another tab", async () => {
  const page = await stage.open();
  await page.evaluate(() => void mcxTrack("goodbye"));
  await page.close({ runBeforeUnload: true });
  await stage.logged(1);
});

test("an event that the page sends while it is being left arrives", async () => {
  const page = await stage.open();
  await page.evaluate(() => {
    addEventListener("pagehide", () => void mcxTrack("goodbye"));
    location.href = "without.html";
  });
  await stage.logged(1);
});

test("more than fits into what a leaving page may send arrives with the next page", async () => {
  const page = await stage.open();
  await page.evaluate(() => {
    for (let n = 0; n < 10; n++) void mcxTrack("goodbye", { n, pad: "x".repeat(20_000) });
    location.href = "next.html";
  });
  await stage.logged(10);
});

test("a click that leads to the next page is answered before that shows, so that nothing is sent twice", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllClicks: true });
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("ready"));
  await page.route("**/next.html", async (route) => {
    await sleep(300);
    await route.continue();
  });
  await page.click("#next");
  await page.waitForURL("**/next.html");
  await page.evaluate(() => mcxTrack("there"));
  await stage.logged(3);
  expect(stage.sent()).toBe(3);
});

test("a tab that is killed leaves its events to the next page", async () => {
  stage.proxy.break("drop");
  const page = await stage.open();
  await page.evaluate(() => void mcxTrack("order", { n: 1 }));
  await until(() => stage.proxy.posts().length > 0);
  await kill(page);
  stage.proxy.break();
  expect(stage.sent()).toBe(0);
  await stage.open();
  await stage.logged(1);
  expect(stage.sent()).toBe(1);
});

test("a tab that is killed leaves its events to a tab that was open all the time", async () => {
  const witness = await stage.open();
  stage.proxy.break("drop");
  const page = await stage.open();
  await page.evaluate(() => void mcxTrack("order", { n: 1 }));
  await until(() => stage.proxy.posts().length > 0);
  await kill(page);
  stage.proxy.break();
  await witness.evaluate(() => void mcxTrack("order", { n: 2 }));
  await stage.logged(2);
  expect(stage.sent()).toBe(2);
});

test("the back/forward cache keeps the page, and what it did before and does after arrives once", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllPageLoads: true });
  const page = await stage.open();
  await page.evaluate(() => {
    addEventListener("pageshow", (event) => Object.assign(window, { isRestored: event.persisted }));
    void mcxTrack("before");
  });
  await stage.logged(2);
  await page.goto(`${stage.site.url}/next.html`);
  await stage.logged(3);
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => (window as { isRestored?: boolean }).isRestored);
  await page.evaluate(() => void mcxTrack("after"));
  const events = await stage.logged(5);
  expect(events.map(({ eventKey, payload }) => [eventKey, payload["path"]]).sort()).toEqual([
    ["after", undefined],
    ["before", undefined],
    ["page", "/next.html"],
    ["page", "/plain.html"],
    ["page", "/plain.html"],
  ]);
});

test("a page in the back/forward cache does not send again what the next page took over", async () => {
  // The server asks for patience, so the page leaves the event to the next.
  stage.proxy.break({ status: 503, headers: { "retry-after": "8" } });
  const page = await stage.open();
  await page.evaluate(() => {
    addEventListener("pageshow", (event) => Object.assign(window, { isRestored: event.persisted }));
    void mcxTrack("order", { n: 1 });
  });
  await until(() => stage.proxy.posts().length > 0);
  stage.proxy.break();
  await page.goto(`${stage.site.url}/next.html`);
  await stage.logged(1);
  const before = stage.sent();
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => (window as { isRestored?: boolean }).isRestored);
  await page.evaluate(() => mcxTrack("order", { n: 2 }));
  await stage.logged(2);
  expect(stage.sent()).toBe(before + 1);
});

test("without TLS, and so without Web Locks, a dead page's events are taken over when its lease is over", async () => {
  const url = stage.site.url.replace("127.0.0.1", WITHOUT_TLS);
  stage.proxy.break("drop");
  const page = await stage.context.newPage();
  await page.goto(`${url}/plain.html`);
  expect(await page.evaluate(() => "locks" in navigator)).toBe(false);
  const trackedAt = await page.evaluate(() => (void mcxTrack("order", { n: 1 }), Date.now()));
  await until(() => stage.proxy.posts().length > 0);
  await kill(page);
  stage.proxy.break();
  const early = await stage.context.newPage();
  // However long this machine takes: within the lease.
  await early.clock.setFixedTime(trackedAt + 1000);
  await early.goto(`${url}/plain.html`);
  expect(await early.evaluate(() => mcxTrack("order", { n: 2 }))).toMatchObject({ state: "accepted" });
  expect(stage.sent()).toBe(1);
  await early.close();
  const late = await stage.context.newPage();
  await late.clock.install({ time: Date.now() + 200_000 });
  await late.goto(`${url}/plain.html`);
  await late.clock.runFor(1000);
  await stage.logged(2);
  expect(stage.sent()).toBe(2);
});
