import { readFileSync } from "node:fs";
import { parse } from "acorn";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test.each([["dist/mcx.js"], ["dist/mcx-auto.js"], ["dist/index.js"]])("%s is ES2019", (path) => {
  expect(parse(read(path), { ecmaVersion: 2019, sourceType: "module" }).body.length).toBeGreaterThan(0);
});

test("the snippet is ES2019", () => {
  const code = read("snippet.html")
    .replace(/<\/?script>/g, "")
    .replace("ANALYTICS_KEY", '""')
    .replace("API_URL", '""');
  expect(parse(code, { ecmaVersion: 2019 }).body.length).toBeGreaterThan(0);
});
