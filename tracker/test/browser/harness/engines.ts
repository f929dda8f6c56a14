/**
 * The engines that the main promises run in, each behind the same few functions: Chromium (Playwright), Firefox as Debian
 * ships it (BiDi, which its own releases speak) and WebKit (the WebDriver of WebKitGTK, on a screen that nobody sees).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import net from "node:net";
import type { Readable } from "node:stream";
import puppeteer from "puppeteer-core";
import { launchChromium } from "./chromium";

export interface Tab {
  goto(url: string): Promise<void>;
  back(): Promise<void>;
  /** What the function gives in the page; it sees nothing of this file. A promise is waited for. */
  run<A extends unknown[], R>(inPage: (...args: A) => R, ...args: A): Promise<Awaited<R>>;
  close(): Promise<void>;
}

export interface Engine {
  /** A tab on a page that has loaded. */
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

type InPage = (...args: never[]) => unknown;

const call = (inPage: InPage, args: unknown[]): string => `(${inPage})(...${JSON.stringify(args)})`;

export async function openChromium(): Promise<Engine> {
  const browser = await launchChromium();
  const context = await browser.newContext();
  return {
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return {
        goto: async (next) => void (await page.goto(next)),
        back: () => page.evaluate("history.back()"),
        run: (inPage, ...args) => page.evaluate(call(inPage as InPage, args)),
        close: () => page.close(),
      };
    },
    close: () => browser.close(),
  };
}

export async function openFirefox(): Promise<Engine> {
  const executablePath = process.env["FIREFOX"] ?? "/usr/bin/firefox-esr";
  if (!existsSync(executablePath)) throw new Error("Firefox is missing. Install it: apt-get install --yes firefox-esr");
  const browser = await puppeteer.launch({ browser: "firefox", executablePath });
  return {
    async open(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return {
        goto: async (next) => void (await page.goto(next)),
        back: async () => void (await page.evaluate("setTimeout(() => history.back())")),
        run: (inPage, ...args) => page.evaluate(call(inPage as InPage, args)) as Promise<never>,
        close: () => page.close(),
      };
    },
    close: () => browser.close(),
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** Its number is its own choice, so that two runs never want the same. */
async function openScreen(): Promise<{ display: string; process: ChildProcess }> {
  const process = spawn("Xvfb", ["-displayfd", "3", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const said = process.stdio[3] as Readable;
  const number = await new Promise<string>((resolve, reject) => {
    said.once("data", (line: Buffer) => resolve(`${line}`.trim()));
    process.once("error", reject);
    process.once("exit", () => reject(new Error("Xvfb has ended")));
  });
  return { display: `:${number}`, process };
}

/** Debian keeps it out of the PATH, in a folder that is named by the version of its interface. */
function miniBrowser(): string {
  for (const folder of readdirSync("/usr/lib"))
    for (const version of ["4.1", "4.0", "6.0"])
      for (const path of [`/usr/lib/${folder}/webkit2gtk-${version}/MiniBrowser`]) if (existsSync(path)) return path;
  throw new Error("WebKit's MiniBrowser is missing. Install it: apt-get install --yes webkit2gtk-driver xvfb");
}

export async function openWebKit(): Promise<Engine> {
  const binary = miniBrowser();
  const screen = await openScreen();
  const port = await freePort();
  const env = { ...process.env, DISPLAY: screen.display, WEBKIT_DISABLE_COMPOSITING_MODE: "1" };
  const driver = spawn(process.env["WEBKIT_DRIVER"] ?? "WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
    env,
    stdio: "ignore",
  });
  const base = `http://127.0.0.1:${port}`;

  const ask = async <T>(method: string, path: string, body: object = {}): Promise<T> => {
    const answer = await fetch(base + path, { method, body: method == "POST" ? JSON.stringify(body) : null });
    const { value } = (await answer.json()) as { value: T };
    if (!answer.ok) throw new Error(`WebKit: ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  for (let tries = 100; !(await fetch(`${base}/status`).catch(() => undefined));) {
    if (!--tries) throw new Error("WebKitWebDriver does not answer.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: ["--automation"] } } };
  const { sessionId } = await ask<{ sessionId: string }>("POST", "/session", { capabilities });
  const session = `/session/${sessionId}`;
  await ask("POST", `${session}/timeouts`, { script: 60_000 });

  /** The driver speaks to one tab at a time: what is asked of the tabs goes one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  const inTab = <T>(handle: string, act: () => Promise<T>): Promise<T> => {
    const next = last.then(async () => {
      await ask("POST", `${session}/window`, { handle });
      return act();
    });
    last = next.catch(() => undefined);
    return next;
  };

  // The first tab stays as it is: without one there would be no session.
  const first = await ask<string>("GET", `${session}/window`);

  return {
    async open(url) {
      const { handle } = await inTab(first, () =>
        ask<{ handle: string }>("POST", `${session}/window/new`, { type: "tab" }),
      );
      const goto = (next: string) => inTab(handle, () => ask<void>("POST", `${session}/url`, { url: next }));
      const run = async (inPage: InPage, args: unknown[]): Promise<unknown> => {
        const script = `const done = arguments[0];
          new Promise((resolve) => resolve(${call(inPage, args)})).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
        const { value, error } = await inTab(handle, () =>
          ask<{ value?: unknown; error?: string }>("POST", `${session}/execute/async`, { script, args: [] }),
        );
        if (error) throw new Error(error);
        return value ?? undefined;
      };
      await goto(url);
      return {
        goto,
        back: async () => void (await run(() => void setTimeout(() => history.back()), [])),
        run: (inPage, ...args) => run(inPage as InPage, args) as Promise<never>,
        close: () => inTab(handle, () => ask<void>("DELETE", `${session}/window`)),
      };
    },
    async close() {
      await ask("DELETE", session).catch(() => undefined);
      driver.kill();
      screen.process.kill();
    },
  };
}
