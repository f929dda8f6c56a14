import { expect, test } from "vitest";
import { useStage } from "./harness/stage";

const stage = useStage();

const openAfter = (head: string) => {
  stage.site.values["SNIPPET"] = `<script>${head}</script>${stage.snippet({ trackAllClicks: true })}`;
  return stage.open();
};

test.each([
  ["arrays with a toJSON", 'Array.prototype.toJSON = function () { return "[" + this.join() + "]" }'],
  ["objects with a toJSON", 'Object.prototype.toJSON = function () { return "object" }'],
  ["a JSON.stringify of its own", 'JSON.stringify = () => "mine"'],
  ["globals of the same names", "var mcx = { version: 2 }, a = 1, t = 2, e = 3"],
  ["enumerable additions", "Object.prototype.more = Array.prototype.more = function () {}"],
  ["frozen prototypes", "[Array, Object, Function, String].forEach((own) => Object.freeze(own.prototype))"],
  ["an Array.prototype.map that is broken", "Array.prototype.map = () => { throw 1 }"],
  ["elements named as our functions", "</script><a id=mcxTrack></a><a id=mcxContext></a><script>"],
  ["another Map and Set", "function Map() {} function Set() {}"],
  [
    "fetch with credentials",
    'const old = fetch; window.fetch = (u, o = {}) => old(u, { ...o, credentials: "include" })',
  ],
])("on a page with %s an event arrives once, as it is", async (_, head) => {
  const page = await openAfter(head);
  await page.evaluate(() => void mcxTrack("cart", { tags: ["a", "b"], items: [{ sku: 1 }] }));
  const [event] = await stage.logged(1);
  expect(event?.payload).toMatchObject({ tags: ["a", "b"], items: [{ sku: 1 }] });
  expect(stage.sent()).toBe(1);
});

test("the answer can be read by a page whose requests carry credentials in spite of us", async () => {
  const page = await stage.open();
  const status = await page.evaluate(async (url) => {
    const body = JSON.stringify({ connectionId: "nobody", eventKey: "order", data: [{}] });
    const credentialed = (to: string, how: object) => fetch(to, { ...how, credentials: "include" });
    const simple = await credentialed(`${url}/analytics`, { method: "POST", body });
    const headers = { "content-type": "application/json" };
    const preflighted = await credentialed(`${url}/analytics`, { method: "POST", body, headers });
    return [simple.status, preflighted.status];
  }, stage.proxy.url);
  expect(status).toEqual([401, 401]);
});

test("form fields and images that hide members of their form and of the document change nothing", async () => {
  const page = await openAfter("");
  await page.evaluate(() => {
    document.body.innerHTML = `<form id=f data-mcx-area=shop><input name=matches><input name=getAttribute>
      <input name=nodeType><input name=localName><input name=childNodes><input name=id><button type=button id=b>Buy</button>
      </form><img name=hidden><img name=addEventListener><img name=currentScript><img name=title>`;
  });
  await page.waitForFunction(() => (window as unknown as { 0.5: { watch?: object } })[0.5].watch);
  await page.evaluate(() => document.querySelector("button")?.click());
  const [event] = await stage.logged(1);
  expect(event?.payload).toMatchObject({ tag: "button", id: "b", text: "Buy", "data-mcx-area": "shop" });
});

test("a page that document.open() empties is still listened to, and a click on a label is one", async () => {
  const page = await openAfter("");
  await page.waitForFunction(() => (window as unknown as { 0.5: { watch?: object } })[0.5].watch);
  await page.evaluate(() => {
    document.open();
    document.write("<label id=l>I agree <input type=checkbox></label>");
    document.close();
  });
  await page.click("#l", { position: { x: 5, y: 5 } });
  await page.evaluate(() => mcxTrack("after"));
  expect((await stage.logged(2)).map(({ payload }) => payload["tag"]).sort()).toEqual(["label", undefined]);
});
