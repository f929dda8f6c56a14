// Bundles src/globals.ts into dist/mcx.js for browsers and src/index.ts into dist/index.js for people who import it.
// esbuild joins, terser shrinks: terser alone or esbuild alone leaves some 5 % more after gzip.
import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { minify } from "terser";

// Members of our own interfaces: none is public, on the wire, or a member of a browser's object that we use.
const INTERNAL_NAMES = [
  ["add", "adopt", "forgetAll", "onRemoved", "reconcile", "settle", "takeDropped", "all"],
  ["bytes", "eventKey", "flying", "isStored"],

  ["read", "write"],
  ["flush", "online", "resume", "wake"],
].flat();

/** In /mcx.js what is tracked without a call is a part that only those pages load that want it. */
const automaticLate = {
  name: "automatic-late",
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /\.\/automatic$/ }, ({ resolveDir }) =>
      resolve("./automatic-late", { kind: "import-statement", resolveDir }),
    ),
};

const bundle = async (entry, format, plugins = []) => {
  const options = { bundle: true, target: "es2019", minifySyntax: true, charset: "utf8", logLevel: "warning", plugins };
  const { outputFiles } = await build({ ...options, entryPoints: [entry], format, write: false });
  return outputFiles[0].text;
};

/** `names`: which members are shortened. */
const shrink = async (source, names = []) => {
  const properties = names.length > 0 && { regex: new RegExp(`^(${names.join("|")})$`), builtins: true };
  const { code } = await minify(source, {
    ecma: 2019,
    module: true,
    enclose: true,
    compress: { passes: 4, unsafe: true, unsafe_arrows: true, pure_getters: true, hoist_funs: true },
    mangle: properties ? { properties } : true,
    format: { ascii_only: true },
  });
  return code;
};

mkdirSync("dist", { recursive: true });
writeFileSync("dist/mcx.js", await shrink(await bundle("src/globals.ts", "esm", [automaticLate]), INTERNAL_NAMES));
writeFileSync("dist/mcx-auto.js", await shrink(await bundle("src/automatic-entry.ts", "esm")));
writeFileSync("dist/index.js", await bundle("src/index.ts", "esm"));
