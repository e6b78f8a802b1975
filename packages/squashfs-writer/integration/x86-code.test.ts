import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectKernelAgrees, expectUnsquashfsAgrees, makeImage } from "./judging.ts";

const judge = requireJudge("root", "mount", "unsquashfs");

describe.skipIf(judge.skip || process.arch !== "x64")(`x86 code in xz${judge.reason}`, () => {
  test.for([4096, 131_072, 1_048_576] as const)(
    "in blocks of %i is filtered, and is read as it was written",
    async (blockSize) => {
      await withDirectory(async (directory) => {
        const code = await readFile("/bin/bash");
        const made = [];
        for (const filters of [undefined, []]) {
          const options = { compression: { kind: "xz", filters }, blockSize } as const;
          const image = join(directory, filters ? "plain" : "filtered");
          made.push(await makeImage(image, options, (tree) => tree.file("program", code)));
        }
        const [filtered, plain] = made;
        if (!filtered || !plain) throw new Error("two images were to be made");
        expect(filtered.summary.bytesUsed).toBeLessThan(plain.summary.bytesUsed);
        await expectKernelAgrees(filtered);
        await expectUnsquashfsAgrees(filtered);
      });
    },
  );
});
