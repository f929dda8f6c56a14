import { expect, test } from "vitest";
import { until, useStage } from "./harness/stage";

const stage = useStage();

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
  const hours = events
    .filter(({ eventKey }) => eventKey == "order")
    // As the page said it: this page's clock runs ahead of the server's, which corrects the event's date by that.
    .map(({ payload }) => Math.round((Number(payload["eventDate"]) - start) / hour));
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
