/** The laws of the folders: words know nothing, parts know words, pages know the API and no other page, app knows all. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { router } from "../../src/app/router";

const SRC = resolve("src");
const MAY: Record<string, string[]> = {
  words: ["words", "api/generated"],
  parts: ["parts", "words"],
  api: ["api"],
  pages: ["parts", "words", "api"],
  app: ["app", "pages", "parts", "words", "api"],
};

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(SRC, join(entry.parentPath, entry.name)));

const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name as string);

function offence(file: string, imported: string): string | undefined {
  const [layer = "", noun = ""] = file.split("/");
  if (imported.startsWith("openapi-fetch") && layer !== "api") return `${file}: only api/ speaks to the API`;
  if (!imported.startsWith(".")) return undefined;
  const target = relative(SRC, resolve(SRC, dirname(file), imported));
  if (target.includes("generated") && layer !== "api" && layer !== "words")
    return `${file}: only api/ reads what is generated`;
  if (layer === "pages" && target.startsWith(`pages/${noun}/`)) return undefined;
  return MAY[layer]?.some((one) => target.startsWith(`${one}/`)) ? undefined : `${file} may not import ${target}`;
}

test("imports go one way", () => {
  const found = files(SRC)
    .filter((file) => !file.includes("generated"))
    .flatMap((file) => importsOf(readFileSync(join(SRC, file), "utf8")).map((one) => offence(file, one)))
    .filter(Boolean);
  expect(found).toEqual([]);
});

test.each([
  ["parts/a.tsx", "../api/client"],
  ["words/en/a.ts", "../../parts/page"],
  ["pages/events/a.tsx", "../companies/page"],
  ["pages/events/a.tsx", "../../app/shell"],
  ["pages/events/a.tsx", "openapi-fetch"],
  ["api/a.ts", "../parts/page"],
])("the law sees that %s imports %s", (file, imported) => {
  expect(offence(file, imported)).toBeDefined();
});

test("no file is longer than 200 lines, and each is named in lower case with dashes", () => {
  const own = files(SRC).filter((file) => !file.includes("generated"));
  expect(own.filter((file) => readFileSync(join(SRC, file), "utf8").split("\n").length > 201)).toEqual([]);
  expect(own.filter((file) => !/^[a-z0-9-]+\.tsx?$/.test(file.split("/").at(-1) ?? ""))).toEqual([]);
});

test("the service answers with the console at exactly the addresses that the router has", () => {
  const served = JSON.parse(readFileSync("public/pages.json", "utf8")) as string[];
  const routed = new Set(Object.keys(router.routesByPath).map((path) => path.split("/")[1] ?? ""));
  expect([...served].toSorted()).toEqual([...routed].toSorted());
});

interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
}

const kilobytes = (names: string[]): number =>
  names.reduce((sum, name) => sum + readFileSync(join("dist", `${name}.br`)).length, 0) / 1000;

test("budgets: the first page is at most 260 kB of compressed script, any page's own chunks at most 120", () => {
  const manifest = JSON.parse(readFileSync("dist/manifest.json", "utf8")) as Record<string, Chunk>;
  const entry = Object.values(manifest).find((chunk) => chunk.isEntry) as Chunk;
  const withImports = (chunk: Chunk, seen = new Set<string>()): Set<string> => {
    seen.add(chunk.file);
    for (const name of chunk.imports ?? []) {
      const next = manifest[name] as Chunk;
      if (!seen.has(next.file)) withImports(next, seen);
    }
    return seen;
  };
  const first = withImports(entry);
  const home = withImports(manifest["src/pages/home/page.tsx"] as Chunk);
  expect(kilobytes([...new Set([...first, ...home])])).toBeLessThanOrEqual(260);
  for (const [name, chunk] of Object.entries(manifest)) {
    if (!/^src\/pages\/.*page\.tsx$/.test(name)) continue;
    expect(kilobytes([...withImports(chunk)].filter((file) => !first.has(file))), name).toBeLessThanOrEqual(120);
  }
});

test("what is packed is what is served plain", () => {
  const plain = readFileSync("dist/index.html");
  expect(existsSync("dist/index.html.br")).toBe(true);
  expect(gunzipSync(readFileSync("dist/index.html.gz")).equals(plain)).toBe(true);
  expect(plain.toString()).not.toMatch(/<script(?![^>]*\bsrc=)/);
});
