/** Puts the built console where the service finds it, whole or not at all: the folder is exchanged in one step. */
import { cpSync, mkdirSync, renameSync, rmSync } from "node:fs";

const target = "../src/milepost/static/console";
rmSync(`${target}.new`, { recursive: true, force: true });
mkdirSync(`${target}.new`, { recursive: true });
cpSync("dist", `${target}.new`, { recursive: true, filter: (path) => !path.includes("manifest.json") });
rmSync(target, { recursive: true, force: true });
renameSync(`${target}.new`, target);
