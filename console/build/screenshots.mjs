/**
 * Pictures of every page on demo data: 1440 and 390 px wide, light and dark, into screenshots/.
 * Starts a service of its own on an empty folder, or takes the one that MILEPOST_APP names.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const EMAIL = process.env["MILEPOST_ADMIN_EMAIL"] ?? "admin@example.com";
const PASSWORD = process.env["MILEPOST_ADMIN_PASSWORD"] ?? "correct horse battery";
const only = process.argv.slice(2);

async function startService() {
  const data = mkdtempSync(join(tmpdir(), "milepost-screenshots-"));
  const [api, app] = ["28443", "28444"];
  const options = ["--data", join(data, "data"), "--demo", "--tls", "off", "--api-port", api, "--app-port", app];
  const command = ["-c", "from milepost.cli import main; main()", "serve", ...options];
  const env = { ...process.env, MILEPOST_ADMIN_EMAIL: EMAIL, MILEPOST_ADMIN_PASSWORD: PASSWORD };
  const service = spawn(process.env["PYTHON"] ?? "python3", command, { env, stdio: "ignore" });
  const stop = () => {
    service.once("exit", () => rmSync(data, { recursive: true, force: true }));
    service.kill();
  };
  return { url: `http://127.0.0.1:${app}`, stop };
}

async function untilThere(url) {
  for (let tries = 240; tries; tries--) {
    const answer = await fetch(`${url}/api/session`).catch(() => undefined);
    if (answer?.status === 401) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("the service does not answer");
}

async function json(page, path) {
  return page.evaluate(async (at) => (await fetch(at)).json(), path);
}

async function addresses(page) {
  let overview;
  do {
    overview = await json(page, "/api/overview?metrics=false");
    if (!overview.outcomes.length) await page.waitForTimeout(1000);
  } while (!overview.outcomes.length);
  const [connection] = (await json(page, "/api/connections")).items;
  const [company] = (await json(page, "/api/companies?limit=1")).items;
  const [event] = (await json(page, "/api/events?limit=1&fate=processed")).items;
  return {
    home: "/",
    reactor: "/reactor",
    connections: "/connections",
    "connection-new": "/connections/new",
    connection: `/connections/${connection.id}`,
    "connection-incoming": `/connections/${connection.id}?tab=incoming`,
    "connection-settings": `/connections/${connection.id}?tab=settings`,
    events: "/events",
    event: `/events?event=${event.id}`,
    refused: "/events?tab=refused",
    portfolio: "/portfolio",
    "portfolio-outcome": `/portfolio?nouns=outcomes&id=${overview.outcomes[0].id}&state=at_risk`,
    companies: "/companies",
    company: `/companies/${company.id}`,
  };
}

const own = process.env["MILEPOST_APP"] ? undefined : await startService();
const base = process.env["MILEPOST_APP"] ?? own.url;
const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
const executablePath = process.env["CHROMIUM"] ?? paths.find((path) => existsSync(path));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  await untilThere(base);
  mkdirSync("screenshots", { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1440, 390]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: width === 390 ? 844 : 900 } });
      const page = await context.newPage();
      const picture = (name) => page.screenshot({ path: `screenshots/${name}-${width}-${colorScheme}.png` });
      page.on("console", (message) => message.type() === "error" && console.log(page.url(), message.text()));
      page.on("pageerror", (error) => console.log(page.url(), String(error)));
      await page.goto(base);
      await page.getByLabel("Email").waitFor();
      if (!only.length || only.includes("sign-in")) await picture("sign-in");
      await page.getByLabel("Email").fill(EMAIL);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator("#content").waitFor();
      for (const [name, path] of Object.entries(await addresses(page))) {
        if (only.length && !only.includes(name)) continue;
        await page.goto(base + path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForTimeout(1200);
        await picture(name);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  own?.stop();
}
