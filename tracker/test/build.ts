/** Builds once before the tests of a project: they measure and run what is published and served, not the sources. */
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export const setup = (): void => {
  execFileSync("npm", ["run", "--silent", "build"], { cwd: path(".."), stdio: "inherit" });
  copyFileSync(path("../dist/mcx.js"), path("../../src/milepost/static/mcx.js"));
};
