/** Debian's Chromium, without the background traffic of a browser that has just been installed. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PATHS = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A host of this machine that counts as insecure without TLS: no Web Locks, no crypto.randomUUID. */
export const WITHOUT_TLS = "intranet.example";

export function launchChromium(): Promise<Browser> {
  const executablePath = PATHS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Chromium is missing. Install it: apt-get install --yes chromium");
  return chromium.launch({
    executablePath,
    // Playwright switches the back/forward cache off; visitors have it.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${WITHOUT_TLS} 127.0.0.1`,
    ],
  });
}
