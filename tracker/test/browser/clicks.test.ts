import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { type LoggedEvent } from "./harness/event-log";
import { until, useStage } from "./harness/stage";

const stage = useStage();

const openClicks = async (fields: object = {}): Promise<Page> => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllClicks: true, companyId: "acme", ...fields });
  stage.site.values["LONG"] = "word ".repeat(200);
  stage.site.values["EMOJI"] = "x" + "🎉".repeat(150);
  return stage.open("clicks.html");
};

/** Clicks, then marks the end, so that an event that must not come would be seen. */
async function clicked(page: Page, ...selectors: string[]): Promise<LoggedEvent[]> {
  for (const selector of selectors) await page.click(selector, { position: { x: 4, y: 4 } });
  await page.evaluate(() => mcxTrack("end"));
  const events = await until(
    () => stage.log.events(stage.key),
    (found) => found.some(({ eventKey }) => eventKey == "end"),
  );
  return events.filter(({ eventKey }) => eventKey == "click");
}

test.each<[string, Record<string, unknown>]>([
  [
    "#buy",
    {
      tag: "button",
      id: "buy",
      classes: "primary large",
      text: "Buy now",
      "data-mcx-plan": "pro",
      "data-mcx-page": "demo",
      path: "/clicks.html",
      companyId: "acme",
    },
  ],
  ["#now", { tag: "button", id: "buy", text: "Buy now" }],
  ["#inside", { tag: "a", id: "link", text: "See prices", href: "/pricing?from=home" }],
  ["#plain", { tag: "p", id: "plain", text: "Just text" }],
  ["#stopped", { tag: "button", id: "stopped", text: "Stopped" }],
  ["#open button", { tag: "button", id: "deep", classes: "shadow", text: "Deep" }],
  ["#slot", { tag: "button", id: "holder", text: "Slotted" }],
  ["#closed", { tag: "x-closed", id: "closed" }],
  ["#rect", { tag: "a", href: "#drawn" }],
  ["#name", { tag: "input", id: "name" }],
  ["#mixed", { id: "mixed", text: "Pay *** today" }],
  ["#form", { id: "form", text: "Send" }],
  ["#masked", { id: "masked", text: "***" }],
])("a click on %s says what was clicked", async (selector, said) => {
  const page = await openClicks();
  const events = await clicked(page, selector);
  expect(events).toHaveLength(1);
  expect(events[0]?.payload).toMatchObject(said);
  expect(JSON.stringify(events)).not.toMatch(/secret/i);
});

test.each(["#pass", "#shown", "#number", "#cvc", "#bold", "#editor", "#ignored"])(
  "a click on %s says nothing",
  async (selector) => {
    const page = await openClicks();
    expect(await clicked(page, selector)).toEqual([]);
  },
);

test.each(["#name", "#submit", "#note", "#choice"])("a click on %s never says its value", async (selector) => {
  const page = await openClicks();
  const events = await clicked(page, selector);
  expect(events[0]?.payload).not.toHaveProperty("text");
  expect(JSON.stringify(events)).not.toMatch(/secret/i);
});

test("a text is cut to 100 characters, none of them in half", async () => {
  const page = await openClicks();
  const events = await clicked(page, "#long", "#emoji");
  const texts = events.map(({ payload }) => [...String(payload["text"])]);
  expect(texts.map(({ length }) => length)).toEqual([100, 100]);
  expect(texts[1]?.slice(1).every((character) => character == "🎉")).toBe(true);
});

test("a click that leads to another page arrives", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllClicks: true });
  const page = await stage.open();
  await page.evaluate(() => mcxTrack("ready"));
  await page.click("#next");
  await page.waitForURL("**/next.html");
  const events = await stage.logged(2);
  expect(events[1]?.payload).toMatchObject({ tag: "a", text: "Next", href: "next.html" });
});

test("the masking option hides texts and cuts queries", async () => {
  const page = await openClicks({ mask: true, trackAllPageLoads: true });
  await page.click("#inside");
  const events = await stage.logged(2);
  const [load, click] = ["page", "click"].map((key) => events.find(({ eventKey }) => eventKey == key)?.payload);
  expect(click).toMatchObject({ text: "***", href: "/pricing" });
  expect(load).toMatchObject({ title: "***", path: "/clicks.html" });
  expect(load?.["search"]).toBe("");
});

test("a masking function decides for each text", async () => {
  const page = await openClicks();
  await page.evaluate(() =>
    mcxContext({ mask: (value, field) => (field == "text" ? value.replace(/\w/g, "x") : value) }),
  );
  const [event] = await clicked(page, "#buy");
  expect(event?.payload).toMatchObject({ id: "buy", text: "xxx xxx" });
});

test("there is one click listener for all connections, passive and in the capturing phase", async () => {
  await stage.context.addInitScript(() => {
    const seen: unknown[] = [];
    const original = window.addEventListener;
    window.addEventListener = function (this: Window, ...args: unknown[]) {
      if (args[0] == "click") seen.push(args[2]);
      return original.apply(this, args as never);
    };
    Object.assign(window, { seen });
  });
  const second = stage.log.takeConnection();
  stage.site.values["SNIPPET2"] = stage.snippet({ connectionId: second, trackAllClicks: true });
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllClicks: true });
  const page = await stage.open("several.html");
  await page.evaluate(() => mcxTrack("ready"));
  await page.click("button");
  await stage.logged(2);
  await stage.logged(2, second);
  const seen = await page.evaluate(() => (window as unknown as { seen: unknown[] }).seen);
  expect(new Set(seen.map((options) => JSON.stringify(options)))).toEqual(new Set(['{"capture":true,"passive":true}']));
});
