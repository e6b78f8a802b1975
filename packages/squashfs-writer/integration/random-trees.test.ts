import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { requireJudge } from "@bootlayer/test-fixtures";
import { fillRandomly, randomTree, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe } from "vitest";
import type { SquashfsOptions } from "../src/index.ts";
import { expectKernelAgrees, expectUnsquashfsAgrees, makeImage } from "./judging.ts";

/** Set by tools/random-squashfs.ts. */
const numRuns = Number(process.env["BOOTLAYER_RANDOM_RUNS"] ?? 100);
const seed = process.env["BOOTLAYER_RANDOM_SEED"];

const trees = randomTree({
  seconds: { min: 0, max: 2 ** 32 - 1 },
  targets: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 4000, max: 4095 })),
});

const options: fc.Arbitrary<SquashfsOptions> = fc.record({
  compression: fc.constantFrom(
    { kind: "zstd", level: 3 } as const,
    { kind: "zstd" } as const,
    { kind: "gzip", level: 6 } as const,
    { kind: "xz", level: 1 } as const,
    { kind: "lz4" } as const,
    { kind: "lz4", highCompression: true } as const,
    { kind: "none" } as const,
  ),
  blockSize: fc.constantFrom(4096, 8192, 65_536, 131_072, 1_048_576),
  fragments: fc.boolean(),
  deduplicate: fc.boolean(),
  exportTable: fc.boolean(),
  uncompressed: fc.record({
    inodes: fc.boolean(),
    data: fc.boolean(),
    fragments: fc.boolean(),
    xattrs: fc.boolean(),
  }),
  threads: fc.constantFrom(0, 0, 0, 2),
});

const judge = requireJudge("root", "mount", "unsquashfs", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.prop([options, trees], { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) })(
    "what the kernel shows of any tree, and what unsquashfs extracts, is what was written",
    async (options, tree) => {
      await withDirectory(async (directory) => {
        const image = await makeImage(join(directory, "image"), options, (made) => fillRandomly(made, tree));
        await Promise.all([expectKernelAgrees(image), expectUnsquashfsAgrees(image)]);
      });
    },
    60_000 + numRuns * 5000,
  );
});
