import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { sleep, useStage } from "./harness/stage";

const stage = useStage();

declare global {
  var go: (url: string, title: string, method?: "pushState" | "replaceState") => void;
}

const openApp = async (fields: object = {}): Promise<Page> => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllPageLoads: true, ...fields });
  const page = await stage.open("spa.html?a=1");
  // The part that looks at the address comes after the script itself.
  if (stage.site.values["SNIPPET"].includes('"trackAllPageLoads":true'))
    await page.waitForFunction(() => (window as unknown as { 0.5: { watch?: object } })[0.5].watch);
  return page;
};

const paths = async (count: number): Promise<unknown[]> => {
  await sleep(300);
  return (await stage.logged(count))
    .sort((a, b) => a.eventDateMs - b.eventDateMs)
    .map(({ payload }) => payload["path"]);
};

test("the first load says title, url, path, search and referrer", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllPageLoads: true, companyId: "acme" });
  const page = await stage.context.newPage();
  await page.goto(`${stage.site.url}/spa.html?a=1`, { referer: "https://search.example/" });
  const [event] = await stage.logged(1);
  expect(event).toMatchObject({
    eventKey: "page",
    payload: {
      title: "Home",
      url: `${stage.site.url}/spa.html?a=1`,
      path: "/spa.html",
      search: "?a=1",
      referrer: "https://search.example/",
      companyId: "acme",
    },
  });
});

test("nothing is tracked unless asked for", async () => {
  stage.site.values["SNIPPET"] = stage.snippet();
  const page = await stage.open("spa.html");
  await page.evaluate(() => go("/a", "A"));
  await page.evaluate(() => mcxTrack("order"));
  await sleep(300);
  await stage.logged(1);
});

test("each change of path is told once, with the new title and where it came from", async () => {
  const page = await openApp();
  await stage.logged(1);
  await page.evaluate(() => go("/orders?b=2", "Orders"));
  const events = await stage.logged(2);
  expect(events[1]?.payload).toMatchObject({
    title: "Orders",
    path: "/orders",
    search: "?b=2",
    referrer: `${stage.site.url}/spa.html?a=1`,
  });
});

test("pushState, replaceState, back and forward all count", async () => {
  const page = await openApp();
  await page.evaluate(async () => {
    const rest = () => new Promise((resolve) => setTimeout(resolve, 30));
    await rest();
    go("/one", "One");
    await rest();
    go("/two", "Two");
    await rest();
    go("/three", "Three", "replaceState");
    await rest();
    history.back();
    await rest();
    history.forward();
  });
  expect(await paths(6)).toEqual(["/spa.html", "/one", "/two", "/three", "/one", "/three"]);
});

test("changes in one moment are all told", async () => {
  const page = await openApp();
  await page.evaluate(() => {
    go("/one", "One");
    go("/two", "Two");
  });
  expect(new Set(await paths(3))).toEqual(new Set(["/spa.html", "/one", "/two"]));
});

test("a new query, the same path again, and a new hash are no change of path", async () => {
  const page = await openApp();
  await page.evaluate(() => {
    go("/spa.html?c=3", "Home");
    go("/spa.html", "Home", "replaceState");
    location.hash = "part";
  });
  expect(await paths(1)).toEqual(["/spa.html"]);
});

test("a new hash is a change of path if so set", async () => {
  const page = await openApp({ trackHash: true });
  await page.evaluate(() => {
    location.hash = "#/inbox";
  });
  expect(await paths(2)).toEqual(["/spa.html", "/spa.html#/inbox"]);
});

test("a page that is left before its title is read is told all the same", async () => {
  const page = await openApp();
  await stage.logged(1);
  await page.evaluate(() => {
    go("/last", "Last");
    location.href = "/without.html";
  });
  expect(await paths(2)).toEqual(["/spa.html", "/last"]);
});

test("tracking that is switched on later begins with the page that is shown", async () => {
  const page = await openApp({ trackAllPageLoads: false });
  await page.evaluate(() => go("/one", "One"));
  await page.evaluate(() => mcxContext({ trackAllPageLoads: true, companyId: "acme" }));
  const [event] = await stage.logged(1);
  expect(event?.payload).toMatchObject({ path: "/one", companyId: "acme" });
});

test("a page that is prerendered is told only when it is shown", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllPageLoads: true });
  const page = await stage.context.newPage();
  await page.addInitScript(() => {
    Object.defineProperty(Document.prototype, "prerendering", {
      configurable: true,
      get: () => !(window as { isShown?: boolean }).isShown,
    });
  });
  await page.goto(`${stage.site.url}/spa.html`);
  await page.evaluate(() => mcxTrack("ready"));
  await sleep(200);
  await stage.logged(1);
  await page.evaluate(() => {
    Object.assign(window, { isShown: true });
    document.dispatchEvent(new Event("prerenderingchange"));
  });
  await stage.logged(2);
});

test("the app's own history functions still return, throw and are called as before", async () => {
  const page = await openApp();
  const results = await page.evaluate(() => {
    let message = "";
    try {
      history.pushState({}, "", "https://elsewhere.example/");
    } catch (error) {
      message = (error as Error).name;
    }
    history.pushState({ kept: 1 }, "", "/kept");
    return [message, history.state as unknown, history.length];
  });
  expect(results).toEqual(["SecurityError", { kept: 1 }, 3]);
});
