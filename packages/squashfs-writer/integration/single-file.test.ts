import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

// A program bundled into one file has no worker beside it: it carries the worker's text.

const program = `
import { byteString } from "@bootlayer/rootfs-tree";
import { createSquashfsImage } from "./index.ts";

let workers = 0;
process.on("worker", () => workers++);
const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() };
const seen = [];
for (const kind of ["zstd", "gzip", "lz4", "xz"]) {
  const writer = await createSquashfsImage(process.argv[2] + kind, { compression: { kind }, blockSize: 4096, threads: 2 });
  const sink = writer.openContent({ size: 40_000 });
  await sink.write(Buffer.alloc(40_000, "some text and a little more"));
  const content = sink.close();
  const file = { kind: "file", attributes, size: 40_000, content };
  const { compressedBlocks } = await writer.finish({ kind: "directory", attributes, entries: new Map([[byteString("file"), file]]) });
  seen.push({ kind, compressedBlocks });
}
console.log(JSON.stringify({ seen, workers }));
`;

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "squashfs-writer-"));
  const shared = {
    bundle: true,
    platform: "node",
    conditions: ["@bootlayer/source"],
    // Has machine code, so it cannot be bundled.
    external: ["@napi-rs/lzma"],
  } satisfies BuildOptions;
  const worker = await build({
    ...shared,
    entryPoints: [fileURLToPath(new URL("../src/compress/worker.ts", import.meta.url))],
    format: "cjs",
    write: false,
  });
  await build({
    ...shared,
    stdin: { contents: program, resolveDir: fileURLToPath(new URL("../src", import.meta.url)), loader: "ts" },
    format: "esm",
    define: { __SQUASHFS_WORKER__: JSON.stringify(worker.outputFiles[0]?.text) },
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    outfile: join(directory, "program.mjs"),
  });
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

test("a bundle in one file carries its worker, and ends by itself when all is done", () => {
  // Away from the sources, so that no worker file can be found by accident; the one native package is installed beside it.
  writeFileSync(join(directory, "package.json"), "{}");
  symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(directory, "node_modules"));
  const output = execFileSync(process.execPath, [join(directory, "program.mjs"), join(directory, "image-")], {
    timeout: 20_000,
    cwd: tmpdir(),
  });
  const seen = ["zstd", "gzip", "lz4", "xz"].map((kind) => ({ kind, compressedBlocks: 10 }));
  expect(JSON.parse(output.toString())).toEqual({ seen, workers: 8 });
});
