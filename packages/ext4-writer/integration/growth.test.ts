import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { run, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectClean, expectSound, makeImage } from "./judging.ts";

const gibibyte = 2 ** 30;

const judge = requireJudge("root", "e2fsck", "mount", "python3", "resize2fs", "dumpe2fs");
describe.skipIf(judge.skip)(`resize2fs${judge.reason}`, () => {
  test.each([
    { blockSize: 4096, to: 200 * gibibyte, size: { kind: "auto" } },
    { blockSize: 4096, to: 5 * gibibyte, size: { kind: "bytes", bytes: 300_000_000 } },
    { blockSize: 2048, to: 20 * gibibyte, size: { kind: "auto" } },
    { blockSize: 1024, to: 4 * gibibyte, size: { kind: "free", bytes: 10_000_000 } },
  ] as const)(
    "grows an image of size $size.kind in blocks of $blockSize to $to bytes, contents unharmed",
    async ({ blockSize, to, size }) => {
      await withDirectory(async (directory) => {
        const image = await makeImage(join(directory, "disk"), { blockSize, size }, async (tree) => {
          for (let index = 0; index < 300; index++)
            await tree.file(`files/${index}`, Buffer.alloc(index * 300, `${index};`));
          await tree.file("large", Buffer.alloc(40_000_000, "large"));
        });
        await truncate(image.path, to);
        await run("resize2fs", image.path);
        expect(await run("dumpe2fs", "-h", image.path)).toMatch(
          new RegExp(`Block count: +${to / blockSize}\n`),
        );
        await expectSound(image);
      });
    },
  );

  test("grows with the descriptor blocks that were kept: no block had to move", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "disk"), {}, (tree) => tree.file("a", "b"));
      const kept = async (): Promise<string> =>
        /Reserved GDT blocks: +(\d+)/.exec(await run("dumpe2fs", "-h", path))?.[1] ?? "0";
      const before = Number(await kept());
      expect(before).toBeGreaterThan(0);
      await truncate(path, 64 * gibibyte);
      await run("resize2fs", path);
      // 512 groups take 8 descriptor blocks, 7 more than before.
      expect(Number(await kept())).toBe(before - 7);
      await expectClean(path);
    });
  });
});
