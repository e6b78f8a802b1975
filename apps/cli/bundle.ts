/** Makes the CLI one file, worker threads, the guest's init and all packages included: dist/bootlayer.mjs. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { directImports } from "./bundle/direct-imports.ts";
import { thirdParty } from "./bundle/third-party.ts";
import { pack } from "./bundle/pack.ts";

const shared: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  conditions: ["@bootlayer/source"],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  // There where they are installed beside this file: a native addon, for xz, and the server.
  external: ["@napi-rs/lzma", "@bootlayer/server"],
  logLevel: "warning",
};
const { version, engines } = JSON.parse(
  await readFile(join(import.meta.dirname, "package.json"), "utf8"),
) as {
  version: string;
  engines: { node: string };
};
const outfile = join(import.meta.dirname, "dist/bootlayer.mjs");

/** A worker with what it needs and nothing else: a thread starts in the time that its source takes to load. */
async function workerText(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    ...shared,
    entryPoints: [entryPoint],
    format: "cjs",
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("");
}

/** The guest's init, packed. */
async function guestInit(architecture: "amd64" | "arm64"): Promise<string> {
  const init = join(import.meta.dirname, `../../packages/guest-inject/init/bootlayer-init-${architecture}`);
  return gzipSync(await readFile(init), { level: 9 }).toString("base64");
}

const apart = new Map<string, string>();
const { outputFiles } = await build({
  ...shared,
  entryPoints: [join(import.meta.dirname, "src/run.ts")],
  outdir: dirname(outfile),
  write: false,
  format: "esm",
  splitting: true,
  plugins: [directImports, thirdParty(apart)],
  define: {
    __DECOMPRESS_WORKER__: JSON.stringify(await workerText("@bootlayer/layer-flattener/worker")),
    __SQUASHFS_WORKER__: JSON.stringify(await workerText("@bootlayer/squashfs-writer/worker")),
    __GUEST_INIT_AMD64__: JSON.stringify(await guestInit("amd64")),
    __GUEST_INIT_ARM64__: JSON.stringify(await guestInit("arm64")),
    __BOOTLAYER_VERSION__: JSON.stringify(version),
    "import.meta.url": "programUrl",
  },
});
await mkdir(dirname(outfile), { recursive: true });
const modules = [
  ...outputFiles.map(({ path, text }) => ({ name: `./${basename(path)}`, text })),
  ...Array.from(apart, ([name, text]) => ({ name, text })),
];
// Of a command's few documents none is read often enough for a reader of its own to be compiled.
const schemas = "globalThis.__zod_globalConfig = { jitless: true };";
const program = await pack(
  modules,
  `${schemas}\nawait load("./run.js").runCommandLine();`,
  engines.node.replace(">=", ""),
);
await writeFile(outfile, program);
await chmod(outfile, 0o755);
