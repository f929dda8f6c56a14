import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string): Buffer => readFileSync(new URL(path, root));

test("the script is at most 4 kB, gzipped", () => {
  expect(gzipSync(read("dist/mcx.js"), { level: 9 }).length).toBeLessThanOrEqual(4000);
});

test("the snippet is at most 500 bytes, with the key and the address of a real connection", () => {
  const snippet = read("snippet.html").toString();
  const filled = snippet
    .replace("ANALYTICS_KEY", '"abcdefghijklmnopqrstuvwx"')
    .replace("API_URL", '"https://api.example.com"');
  expect(Buffer.byteLength(filled)).toBeLessThanOrEqual(500);
});

test("nothing is needed at run time", () => {
  const manifest = JSON.parse(read("package.json").toString()) as Record<string, unknown>;
  expect([manifest["dependencies"], manifest["peerDependencies"], manifest["optionalDependencies"]]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("the lock file names no host of a package registry", () => {
  expect(read("package-lock.json").toString()).not.toContain('"resolved"');
});

test("the part for what is tracked without a call is at most 2 kB, gzipped", () => {
  expect(gzipSync(read("dist/mcx-auto.js"), { level: 9 }).length).toBeLessThanOrEqual(2000);
});
