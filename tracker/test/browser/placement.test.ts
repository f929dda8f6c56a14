import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { startSite } from "./harness/site";
import { useStage } from "./harness/stage";

const stage = useStage();

const ordered = async (count: number): Promise<Record<string, unknown>[]> =>
  (await stage.logged(count)).map(({ payload }) => payload).sort((a, b) => Number(a["n"]) - Number(b["n"]));

test.each<[string, (inline: string, api: string) => string, boolean]>([
  ["a nonce", (_, api) => `default-src 'none'; script-src 'nonce-n0nce'; connect-src ${api}`, true],
  [
    "a nonce and strict-dynamic",
    (_, api) => `default-src 'none'; script-src 'nonce-n0nce' 'strict-dynamic'; connect-src ${api}`,
    true,
  ],
  [
    "a hash and the script's origin",
    (inline, api) => `default-src 'none'; script-src '${inline}' ${api}; connect-src ${api}`,
    false,
  ],
  [
    "a hash and strict-dynamic",
    (inline, api) => `default-src 'none'; script-src '${inline}' 'strict-dynamic'; connect-src ${api}`,
    false,
  ],
])("it works under a Content-Security-Policy with %s", async (_, policy, hasNonce) => {
  const html = stage.snippet().trim();
  const inline = html.replace(/^<script>|<\/script>$/g, "");
  stage.site.values["SNIPPET"] = hasNonce ? html.replace("<script>", '<script nonce="n0nce">') : html;
  const hash = `sha256-${createHash("sha256").update(inline).digest("base64")}`;
  stage.site.headers = { "content-security-policy": policy(hash, stage.proxy.url) };
  const page = await stage.open("csp.html");
  expect(await page.evaluate(() => mcxTrack("order"))).toMatchObject({ state: "accepted" });
  await page.evaluate(() => {
    void mcxTrack("goodbye");
    location.href = "without.html";
  });
  await stage.logged(2);
  expect(stage.console.filter((text) => text.includes("Content Security Policy"))).toEqual([]);
});

test("the imported package works where Trusted Types are required", async () => {
  stage.site.values["app"] =
    `import { createTracker } from "/index.mjs"; createTracker(${JSON.stringify(stage.fields())}).track("order");`;
  stage.site.headers = {
    "content-security-policy": `script-src 'self'; connect-src ${stage.proxy.url}; require-trusted-types-for 'script'`,
  };
  await stage.open("module.html");
  await stage.logged(1);
});

test.each([
  ["of the same site", "", "same"],
  ["of another site", "", "other"],
  ["with a sandbox and so without storage", 'sandbox="allow-scripts"', "same"],
])("it works in an iframe %s", async (_, sandbox, where) => {
  const other = await startSite({ SNIPPET: stage.snippet() });
  stage.site.values["FRAME"] =
    `${where == "same" ? stage.site.url : other.url.replace("127.0.0.1", "localhost")}/plain.html`;
  stage.site.values["SANDBOX"] = sandbox;
  const page = await stage.open("framed.html");
  const fate = await page.frame("frame")?.evaluate(() => mcxTrack("order"));
  expect(fate).toMatchObject({ state: "accepted" });
  await page.frame("frame")?.evaluate(() => void mcxTrack("goodbye"));
  await page.goto(`${stage.site.url}/without.html`);
  await stage.logged(2);
  await other.close();
});

test("with several connections a call reaches all of them, or the one it names", async () => {
  const second = stage.log.takeConnection();
  stage.site.values["SNIPPET2"] = stage.snippet({ connectionId: second });
  const page = await stage.open("several.html");
  await page.evaluate(async (second) => {
    await mcxTrack("order", { n: 1 });
    await mcxTrack("order", { n: 2 }, second);
    await mcxContext({ companyId: "acme" });
    await mcxTrack("order", { n: 3 });
  }, second);
  const ofSecond = await stage.logged(3, second);
  expect((await ordered(2)).map(({ n, companyId }) => [n, companyId])).toEqual([
    [1, undefined],
    [3, "acme"],
  ]);
  expect(ofSecond.map(({ payload }) => [payload["n"], payload["companyId"]])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, "acme"],
  ]);
  expect(stage.proxy.requests.filter(({ path }) => path == "/mcx.js")).toHaveLength(1);
});

test("each of several connections keeps its own settings", async () => {
  const second = stage.log.takeConnection();
  stage.site.values["SNIPPET"] = stage.snippet({ companyId: "one" });
  stage.site.values["SNIPPET2"] = stage.snippet({ connectionId: second, companyId: "two", trackAllClicks: true });
  const page = await stage.open("several.html");
  await page.evaluate(() => mcxTrack("order"));
  await page.click("button");
  expect((await stage.logged(2, second)).map(({ payload }) => payload["companyId"])).toEqual(["two", "two"]);
  expect((await stage.logged(1)).map(({ payload }) => payload["companyId"])).toEqual(["one"]);
});

test("pasted twice, and its script loaded twice, it tracks once", async () => {
  stage.site.values["SNIPPET"] = stage.snippet({ trackAllPageLoads: true, trackAllClicks: true });
  stage.site.values["SNIPPET2"] =
    `${stage.site.values["SNIPPET"]}<script async src="${stage.proxy.url}/mcx.js"></script>`;
  const page = await stage.open("several.html");
  await page.evaluate(() => mcxTrack("order"));
  await page.click("button");
  const events = await stage.logged(3);
  expect(events.map(({ eventKey }) => eventKey).sort()).toEqual(["click", "order", "page"]);
});
