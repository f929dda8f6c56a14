/** What each browser test needs: a site with the snippet, a network that fails on command, Milepost; and Chromium. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from "vitest";
import { launchChromium } from "./chromium";
import { type EventLog, type LoggedEvent, openEventLog } from "./event-log";
import type { Address } from "./milepost";
import { type Proxy, startProxy } from "./proxy";
import { type Site, type SnippetFields, snippet, startSite } from "./site";

/** All but the browser. */
export interface Backstage {
  log: EventLog;
  proxy: Proxy;
  site: Site;
  /** The Analytics Key of this test's own connection. */
  key: string;
  /** The snippet for this test's connection. */
  snippet(fields?: Partial<SnippetFields>): string;
  fields(fields?: Partial<SnippetFields>): SnippetFields;
  /** How many events have left for the server, repeats included; faults of the network not counted. */
  sent(): number;
  /** The log once `count` different events are in it. Fails if there are ever more. */
  logged(count: number, analyticsKey?: string): Promise<LoggedEvent[]>;
}

export interface Stage extends Backstage {
  browser: Browser;
  context: BrowserContext;
  /** Errors that reached a page, which none may. */
  pageErrors: string[];
  console: string[];
  /** A tab on a fixture. */
  open(path?: string, context?: BrowserContext): Promise<Page>;
}

const SOON_MS = 30_000;
const POLL_MS = 50;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition of the outside world. */
export async function until<T>(look: () => T | Promise<T>, isThere: (value: T) => boolean = Boolean): Promise<T> {
  const end = Date.now() + SOON_MS;
  for (;;) {
    const value = await look();
    if (isThere(value)) return value;
    if (Date.now() > end) throw new Error(`Not within ${SOON_MS} ms: ${look}, last ${JSON.stringify(value)}`);
    await sleep(POLL_MS);
  }
}

/** Those that count: not the repeats that a retry may have made. */
export const processed = (events: LoggedEvent[]): LoggedEvent[] => events.filter((event) => !event.isDuplicate);

/** `connections`: how many the tests of the file use together. `own`: gives a Milepost other than the shared one. */
export function useBackstage(connections = 40, own?: () => Address): Backstage {
  const stage = {} as Backstage;

  beforeAll(async () => {
    stage.log = await openEventLog(own?.() ?? inject("milepost"), connections);
  });

  beforeEach(async () => {
    stage.key = stage.log.takeConnection();
    stage.proxy = await startProxy((own?.() ?? inject("milepost")).apiUrl);
    stage.site = await startSite({ SNIPPET: stage.snippet() });
  });

  afterEach(async () => {
    await stage.site.close();
    await stage.proxy.close();
  });

  stage.fields = (fields) => ({
    connectionId: stage.key,
    apiUrl: stage.proxy.url,
    companyId: "",
    userId: "",
    trackAllPageLoads: false,
    trackAllClicks: false,
    ...fields,
  });
  stage.snippet = (fields) => snippet(stage.fields(fields));
  stage.sent = () => {
    const passed = stage.proxy.posts().filter(({ hasPassed }) => hasPassed);
    return passed.reduce((sum, { body }) => sum + (JSON.parse(body) as { data: unknown[] }).data.length, 0);
  };
  stage.logged = async (count, analyticsKey = stage.key) => {
    const events = await until(
      async () => processed(await stage.log.events(analyticsKey)),
      (found) => found.length >= count,
    );
    expect(events.map(({ eventKey, payload }) => [eventKey, payload])).toHaveLength(count);
    return events;
  };
  return stage;
}

/** With Chromium, where most promises are tested. */
export function useStage(connections = 40, own?: () => Address): Stage {
  const stage = useBackstage(connections, own) as Stage;

  beforeAll(async () => {
    stage.browser = await launchChromium();
  });

  beforeEach(async () => {
    stage.context = await stage.browser.newContext();
    stage.pageErrors = [];
    stage.console = [];
  });

  afterEach(async () => {
    await stage.context.close();
    expect(stage.pageErrors).toEqual([]);
  });

  afterAll(() => stage.browser.close());

  stage.open = async (path = "plain.html", context = stage.context) => {
    const page = await context.newPage();
    page.on("pageerror", (error) => stage.pageErrors.push(String(error)));
    page.on("console", (message) => stage.console.push(message.text()));
    await page.goto(`${stage.site.url}/${path}`);
    return page;
  };
  return stage;
}
