/** Makes the CLI one file, worker threads and all packages included: dist/bootlayer.mjs. */
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const { version } = JSON.parse(await readFile(join(import.meta.dirname, "package.json"), "utf8")) as {
  version: string;
};
const outfile = join(import.meta.dirname, "dist/bootlayer.mjs");

await build({
  entryPoints: [join(import.meta.dirname, "src/main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  conditions: ["@bootlayer/source"],
  define: { __SINGLE_FILE__: "true", __BOOTLAYER_VERSION__: JSON.stringify(version) },
  // CommonJS packages among the dependencies call require for Node's own modules.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  legalComments: "none",
  logLevel: "warning",
});
await chmod(outfile, 0o755);
