import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;

/** Packs the package and unpacks it where another project would have it. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tracker-package-"));
  const installed = join(folder, "node_modules/milepost-tracker");
  mkdirSync(installed, { recursive: true });
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const [archive = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  execFileSync("tar", ["--extract", "--file", join(folder, archive), "--strip-components=1", "--directory", installed]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const compile = (source: string): string => {
  writeFileSync(join(folder, "app.ts"), source);
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "--lib",
    "es2022,dom",
    "app.ts",
  ];
  try {
    return execFileSync(join(root, "node_modules/.bin/tsc"), options, { cwd: folder }).toString();
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  }
};

test("the package's types fit those who import the tracker", () => {
  const source = `
    import { createTracker, type Fate } from "milepost-tracker";
    interface Order { id: string; total: number }
    const order: Order = { id: "o1", total: 5 };
    const tracker = createTracker({ connectionId: "k", apiUrl: "https://api.example.com", trackAllClicks: true });
    const fate: Promise<Fate> = tracker.track("order", order);
    tracker.context({ companyId: 42, userId: null });
    tracker.consent(false);
    void fate.then((known) => known.state == "accepted" && known.requestId);`;
  expect(compile(source)).toBe("");
});

test("the package's types fit those who paste the snippet", () => {
  const source = `
    import type {} from "milepost-tracker/globals";
    mcxTrack("order", { total: 5 }).then((fate) => fate?.state);
    window.mcxTrack("order");
    mcxContext({ companyId: "acme", mask: (value, field) => (field == "text" ? "" : value) });
    window.mcxConsent(true);`;
  expect(compile(source)).toBe("");
});

test("the package's types refuse what cannot be right", () => {
  expect(compile('import { createTracker } from "milepost-tracker"; createTracker({ connectionId: "k" });')).toContain(
    "apiUrl",
  );
});

test("on a server the imported tracker does nothing", () => {
  const source = `
    import { createTracker } from "milepost-tracker";
    const tracker = createTracker({ connectionId: "k", apiUrl: "https://api.example.com", trackAllPageLoads: true });
    tracker.context({ companyId: "acme" });
    console.log(JSON.stringify(await tracker.track("order")));`;
  writeFileSync(join(folder, "server.mjs"), source);
  const said = execFileSync("node", ["server.mjs"], { cwd: folder }).toString();
  expect(JSON.parse(said)).toEqual({ state: "dropped", reason: "not in a browser" });
});
