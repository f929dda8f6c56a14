/**
 * One Chromium and one signed-in person against the service that the environment names. Whatever the page writes into
 * its console as an error, a breach of the Content-Security-Policy among it, fails the test that it came in.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page, type Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

const PATHS = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const named = (name: string): string => {
  const value = process.env[`TESTS_OF_MILEPOST_${name}`];
  if (!value) throw new Error(`TESTS_OF_MILEPOST_${name} is not set: run by pytest tests/browser/test_console.py`);
  return value;
};

export const APP = (): string => named("APP");
export const EMAIL = (): string => named("EMAIL");
export const PASSWORD = (): string => named("PASSWORD");

export interface Stage {
  browser: Browser;
  /** A page of a person, signed in by the API unless `person` is null; it is on no address yet. */
  page(options?: {
    person?: { email: string; password: string } | null;
    dark?: boolean;
    width?: number;
  }): Promise<Page>;
  /** What a page may say without failing the test: the browser writes each refusal of the API into its console. */
  expected: RegExp[];
}

export function useStage(): Stage {
  const stage = { expected: [] } as unknown as Stage;
  const contexts: BrowserContext[] = [];
  let said: string[] = [];

  beforeAll(async () => {
    const executablePath = PATHS.find((path) => path && existsSync(path));
    if (!executablePath) throw new Error("Chromium is missing. Install it: apt-get install --yes chromium");
    stage.browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    const unexpected = said.filter((line) => !stage.expected.some((pattern) => pattern.test(line)));
    said = [];
    stage.expected = [];
    expect(unexpected).toEqual([]);
  });
  afterAll(() => stage.browser.close());

  stage.page = async ({ person = { email: EMAIL(), password: PASSWORD() }, dark = false, width = 1440 } = {}) => {
    const context = await stage.browser.newContext({
      baseURL: APP(),
      ignoreHTTPSErrors: true,
      colorScheme: dark ? "dark" : "light",
      viewport: { width, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    contexts.push(context);
    context.setDefaultTimeout(15_000);
    if (person) await context.request.post("/api/session", { data: person });
    const page = await context.newPage();
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") said.push(`${message.text()} ${message.location().url}`);
    });
    return page;
  };
  return stage;
}

/** What axe finds on the page as it is now, one line each. */
export async function faultsByAxe(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    interface Violation {
      id: string;
      nodes: { html: string; failureSummary: string }[];
    }
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html} ${one.failureSummary}`));
  });
}

/** Asks the API as the page's own person. */
export async function ask<T>(page: Page, method: string, path: string, data?: unknown): Promise<T> {
  const answer = await page.context().request.fetch(path, { method, ...(data === undefined ? {} : { data }) });
  expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

/** The addresses under /api that a page asks for until it is quiet, streams apart. */
export async function callsOf(page: Page, path: string): Promise<string[]> {
  const calls: string[] = [];
  const note = (request: Request): void => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/") && !pathname.endsWith("/live")) calls.push(`${request.method()} ${pathname}`);
  };
  page.on("request", note);
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(() => !document.querySelector('[role=status][aria-label="Loading"]'));
  page.off("request", note);
  return calls;
}
