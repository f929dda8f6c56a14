/** Builds once, unless pytest has, before the tests of a project: they measure and run what is published and served, not the sources. */
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export const setup = (): void => {
  if (process.env["TRACKER_IS_BUILT"]) return;
  execFileSync("npm", ["run", "--silent", "build"], { cwd: path(".."), stdio: "inherit" });
  for (const name of ["mcx.js", "mcx-auto.js"])
    copyFileSync(path(`../dist/${name}`), path(`../../src/milepost/static/${name}`));
};
