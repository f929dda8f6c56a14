// Sends with @segment/analytics-next from a page in Chromium, and prints what it sent:
// node segment-browser.mjs URL WRITE_KEY CHROMIUM
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";
import { chromium } from "playwright-core";

const [cdnURL, writeKey, executablePath] = process.argv.slice(2);
const scripts = new URL("./node_modules/@segment/analytics-next/dist/umd/", import.meta.url);
const site = createServer((request, response) => {
  if (request.url.endsWith(".js")) {
    response.setHeader("content-type", "text/javascript");
    createReadStream(new URL(basename(request.url), scripts)).pipe(response);
  } else {
    response.setHeader("content-type", "text/html");
    response.end('<!doctype html><title>Shop</title><script src="/index.js"></script>');
  }
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));

const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
args.push("--disable-background-networking", "--disable-component-update", "--disable-sync");
const browser = await chromium.launch({ executablePath, args });
try {
  const page = await browser.newPage();
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  const sent = await page.evaluate(async (settings) => {
    const analytics = window.AnalyticsNext.AnalyticsBrowser.load(settings);
    const contexts = [
      await analytics.identify("browser-user", { plan: "team" }),
      await analytics.track("Order Completed", { total: 5.5 }),
      await analytics.page("Home"),
      await analytics.group("browser-group", { seats: 7 }),
    ];
    return contexts.map(({ event }) => ({
      type: event.type,
      event: event.event,
      messageId: event.messageId,
      timestamp: event.timestamp,
    }));
  }, { writeKey, cdnURL });
  console.log(JSON.stringify(sent));
} finally {
  await browser.close();
  site.close();
}
