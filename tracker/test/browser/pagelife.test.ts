import { expect, test } from "vitest";
import { sleep, until, useStage } from "./harness/stage";

const stage = useStage();

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
  const crashed = page.waitForEvent("crash");
  const session = await stage.context.newCDPSession(page);
  void session.send("Page.crash").catch(() => undefined);
  await crashed;
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
  const crashed = page.waitForEvent("crash");
  const session = await stage.context.newCDPSession(page);
  void session.send("Page.crash").catch(() => undefined);
  await crashed;
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
  stage.proxy.break("drop");
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

test("offline for hours, then online: everything arrives at once, with the times of the calls", async () => {
  const page = await stage.context.newPage();
  const start = Date.now();
  await page.clock.install({ time: start });
  await page.goto(`${stage.site.url}/plain.html`);
  await page.evaluate(() => mcxTrack("ready"));
  await stage.context.setOffline(true);
  const hour = 3_600_000;
  for (let n = 1; n <= 4; n++) {
    await page.evaluate((n) => void mcxTrack("order", { n }), n);
    await page.clock.fastForward(hour);
  }
  await stage.context.setOffline(false);
  await page.clock.fastForward(1000);
  const events = await stage.logged(5);
  const hours = events.filter(({ eventKey }) => eventKey == "order").map(({ eventDateMs }) => Math.round((eventDateMs - start) / hour));
  expect(hours.sort()).toEqual([0, 1, 2, 3]);
});

test("offline, closed, and opened again online: everything arrives", async () => {
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("ready"));
  await stage.context.setOffline(true);
  await page.evaluate(() => void mcxTrack("order"));
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
  await stage.context.setOffline(false);
  await stage.open();
  await stage.logged(2);
});

test("two tabs at work at the same time send each of their events once", async () => {
  const tabs = [await stage.open(), await stage.open()];
  await Promise.all(
    tabs.map((tab, t) =>
      tab.evaluate(async (t) => {
        for (let n = 0; n < 50; n++) {
          void mcxTrack(n % 2 ? "even" : "odd", { t, n });
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }, t),
    ),
  );
  await stage.logged(100);
  expect(stage.sent()).toBe(100);
});

test("two tabs that were offline send each of their events once", async () => {
  const tabs = [await stage.open(), await stage.open()];
  for (const tab of tabs) await tab.evaluate(() => mcxTrack("ready"));
  await stage.context.setOffline(true);
  for (const tab of tabs)
    await tab.evaluate(() => {
      for (let n = 0; n < 20; n++) void mcxTrack("order", { n });
    });
  await stage.context.setOffline(false);
  await stage.logged(42);
  expect(stage.sent()).toBe(42);
});

test("a full storage costs persistence only", async () => {
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("ready"));
  await stage.context.setOffline(true);
  const isFull = await page.evaluate(() => {
    for (let size = 5_000_000, i = 0; size >= 1; i++)
      try {
        localStorage.setItem(`host${i}`, "x".repeat(size));
      } catch {
        size = Math.floor(size / 2);
      }
    void mcxTrack("order", { n: 1 });
    return !Object.keys(localStorage).some((key) => key.startsWith("mcx:"));
  });
  expect(isFull).toBe(true);
  await stage.context.setOffline(false);
  await stage.logged(2);
});

test("storage that the page clears at sign-out costs nothing while the page lives", async () => {
  stage.proxy.break("drop");
  const page = await stage.open();
  await page.evaluate(() => {
    void mcxTrack("order");
    localStorage.clear();
  });
  await until(() => stage.proxy.posts().length > 0);
  stage.proxy.break();
  await stage.logged(1);
});

test("without storage events arrive, also when the page is left in the same moment", async () => {
  stage.site.headers = { "content-security-policy": "sandbox allow-scripts" };
  const page = await stage.open();
  const isOff = await page.evaluate(() => {
    try {
      return !localStorage;
    } catch {
      return true;
    }
  });
  expect(isOff).toBe(true);
  expect((await page.evaluate(() => mcxTrack("order")))?.state).toBe("accepted");
  await page.evaluate(() => {
    void mcxTrack("goodbye");
    location.href = "without.html";
  });
  await stage.logged(2);
});
