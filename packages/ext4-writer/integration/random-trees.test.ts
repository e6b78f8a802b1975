import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { requireJudge } from "@bootlayer/test-fixtures";
import { fillRandomly, randomTree, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe } from "vitest";
import type { CreateExt4ImageOptions } from "../src/index.ts";
import { expectSound, makeImage } from "./judging.ts";

const trees = randomTree({
  seconds: { min: -(2 ** 31) + 1, max: 15_032_385_534 },
  targets: fc.integer({ min: 1, max: 1023 }),
});

const options: fc.Arbitrary<CreateExt4ImageOptions> = fc.record({
  blockSize: fc.constantFrom(1024 as const, 2048 as const, 4096 as const),
  journal: fc.boolean(),
  size: fc.oneof(
    fc.constant({ kind: "auto" as const }),
    fc.record({ kind: fc.constant("free" as const), bytes: fc.nat(50_000_000) }),
    fc.record({
      kind: fc.constant("bytes" as const),
      bytes: fc.integer({ min: 60_000_000, max: 3_000_000_000 }),
    }),
  ),
  hashSeed: fc.stringMatching(/^[0-9a-f]{32}$/),
});

const judge = requireJudge("root", "e2fsck", "mount", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.prop([options, trees], { numRuns: 30 })(
    "any tree is clean, and what the kernel shows of it is what was written",
    async (options, tree) => {
      await withDirectory(async (directory) => {
        const image = await makeImage(join(directory, "disk"), options, (made) => fillRandomly(made, tree));
        await expectSound(image);
      });
    },
    300_000,
  );
});
