/** Builds once before the tests of a project: they measure and run what is published, not the sources. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const setup = (): void => {
  execFileSync("npm", ["run", "--silent", "build"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: "inherit",
  });
};
