import { join } from "node:path";
import { test } from "@fast-check/vitest";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe } from "vitest";
import { expectKernelAgrees, expectUnsquashfsAgrees, makeImage, withDirectory } from "./judging.ts";
import { fillRandomly, options, steps } from "./random-tree.ts";

/** Set by tools/random-squashfs.ts. */
const numRuns = Number(process.env["BOOTLAYER_RANDOM_RUNS"] ?? 100);
const seed = process.env["BOOTLAYER_RANDOM_SEED"];

const judge = requireJudge("root", "mount", "unsquashfs", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.prop([options, steps], { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) })(
    "what the kernel shows of any tree, and what unsquashfs extracts, is what was written",
    async (options, steps) => {
      await withDirectory(async (directory) => {
        const image = await makeImage(join(directory, "image"), options, (tree) => fillRandomly(tree, steps));
        await Promise.all([expectKernelAgrees(image), expectUnsquashfsAgrees(image)]);
      });
    },
    60_000 + numRuns * 5000,
  );
});
