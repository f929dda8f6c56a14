import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { sleep, until, useStage } from "./harness/stage";

const stage = useStage();

const openWith = async (fields: object, signals: object = {}): Promise<Page> => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllPageLoads: true, trackAllClicks: true, ...fields });
  await stage.context.addInitScript((given) => {
    for (const [name, value] of Object.entries(given)) Object.defineProperty(navigator, name, { value });
  }, signals);
  return stage.open();
};

const storedKeys = (page: Page): Promise<string[]> => page.evaluate(() => Object.keys(localStorage).sort());

test.each([
  ["Global Privacy Control", { globalPrivacyControl: true }, "GPC"],
  ["Do Not Track", { doNotTrack: "1" }, "DNT"],
])("under %s nothing is kept or sent", async (_, signals, reason) => {
  const page = await openWith({}, signals);
  expect(await page.evaluate(() => mcxTrack("order"))).toEqual({ state: "dropped", reason });
  await page.click("h1");
  await sleep(300);
  expect([stage.proxy.posts(), await storedKeys(page)]).toEqual([[], []]);
});

test("told to ignore the browser's signals, it tracks", async () => {
  const page = await openWith(
    { ignoreDoNotTrack: true, trackAllPageLoads: false },
    { globalPrivacyControl: true, doNotTrack: "1" },
  );
  await page.evaluate(() => mcxTrack("order"));
  await stage.logged(1);
});

test("where consent is required nothing is kept or sent before it, and the page shown is told after it", async () => {
  const page = await openWith({ consentRequired: true });
  expect(await page.evaluate(() => mcxTrack("early"))).toMatchObject({ state: "dropped", reason: "no consent" });
  expect([stage.proxy.posts(), await storedKeys(page)]).toEqual([[], []]);
  await page.evaluate(() => mcxConsent(true));
  await page.evaluate(() => mcxTrack("order"));
  expect((await stage.logged(2)).map(({ eventKey }) => eventKey).sort()).toEqual(["order", "page"]);
});

test("consent is remembered on the next page", async () => {
  const page = await openWith({ consentRequired: true });
  await page.evaluate(() => mcxConsent(true));
  await stage.logged(1);
  await page.goto(`${stage.site.url}/next.html`);
  await stage.logged(2);
});

test("a refusal stops at once, clears what was kept, and holds on the next page", async () => {
  stage.proxy.break("drop");
  const page = await openWith({});
  await page.evaluate(() => void mcxTrack("order"));
  await until(async () => (await storedKeys(page)).some((key) => key.startsWith("mcx:")));
  await page.evaluate(() => mcxConsent(false));
  expect(await storedKeys(page)).toEqual(["mcx-consent"]);
  stage.proxy.break();
  expect(await page.evaluate(() => mcxTrack("order"))).toMatchObject({ state: "dropped" });
  await page.goto(`${stage.site.url}/next.html`);
  await page.click("h1");
  await sleep(1500);
  expect(await stage.log.events(stage.key)).toEqual([]);
});

test("a refusal in one tab stops and clears the others", async () => {
  stage.proxy.break("drop");
  const page = await openWith({});
  const other = await stage.open();
  await other.evaluate(() => void mcxTrack("order"));
  await page.evaluate(() => mcxConsent(false));
  await until(async () => (await other.evaluate(() => mcxTrack("order")))?.state == "dropped");
  expect(await storedKeys(other)).toEqual(["mcx-consent"]);
  stage.proxy.break();
  await sleep(1500);
  expect(await stage.log.events(stage.key)).toEqual([]);
});

test("consent that is given again tracks from then on", async () => {
  const page = await openWith({ trackAllPageLoads: false });
  await page.evaluate(async () => {
    await mcxConsent(false);
    await mcxTrack("lost");
    await mcxConsent(true);
    await mcxTrack("order");
  });
  expect((await stage.logged(1))[0]?.eventKey).toBe("order");
});
