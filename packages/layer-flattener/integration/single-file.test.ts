import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

// A program bundled into one file has no worker beside it: it carries the worker's text.

const program = `
import { randomBytes } from "node:crypto";
import { layerBlob, tarArchive } from "@bootlayer/test-fixtures";
import { discardContents, flattenLayers } from "./index.ts";

let workers = 0;
  process.on("worker", () => workers++);
  const blobs = [1, 2, 3].map((n) => layerBlob(tarArchive([{ name: "file" + n, content: randomBytes(2_000_000) }])));
  const sources = blobs.map((blob) => ({ ...blob, async *open() { yield blob.bytes; } }));
  const broken = { ...sources[0], diffId: sources[1].diffId };
  const { root } = await flattenLayers(sources, discardContents());
  const error = await flattenLayers([broken, ...sources], discardContents()).catch((error) => error);
  const aborted = await flattenLayers(sources, discardContents(), { signal: AbortSignal.timeout(5) }).catch((error) => error);
  console.log(JSON.stringify({ names: [...root.entries.keys()].sort(), workers, code: error.code, type: error.constructor.name, aborted: aborted.name }));
`;

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "layer-flattener-"));
  const worker = await build({
    entryPoints: [fileURLToPath(new URL("../src/decompress/worker.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["@bootlayer/source"],
    write: false,
  });
  await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL("../src", import.meta.url)), loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@bootlayer/source"],
    define: { __DECOMPRESS_WORKER__: JSON.stringify(worker.outputFiles[0]?.text) },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    outfile: join(directory, "program.mjs"),
  });
});
afterAll(() => rmSync(directory, { recursive: true }));

test("a bundle in one file carries its worker, and ends by itself when all is done", () => {
  // Away from the sources, so that no worker file can be found by accident.
  writeFileSync(join(directory, "package.json"), "{}");
  const output = execFileSync(process.execPath, [join(directory, "program.mjs")], { timeout: 20_000 });
  expect(JSON.parse(output.toString())).toEqual({
    names: ["file1", "file2", "file3"],
    workers: 6,
    code: "LAYER_DIFF_ID",
    type: "FlattenError",
    aborted: "TimeoutError",
  });
});
