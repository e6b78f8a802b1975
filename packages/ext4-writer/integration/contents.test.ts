import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { debugfs, requireJudge, withMount } from "@bootlayer/test-fixtures";
import { treeMaker, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { createExt4Image } from "../src/index.ts";
import { describe, expect, test } from "vitest";
import { expectClean, expectSound, makeImage } from "./judging.ts";

/** A block of data at every second block: nothing of it can be joined. */
function alternating(blocks: number, blockSize: number): { offset: number; length: number }[] {
  return Array.from({ length: blocks }, (_, index) => ({ offset: index * 2 * blockSize, length: blockSize }));
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}

const judge = requireJudge("root", "e2fsck", "mount", "python3", "debugfs");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.each([
    { extents: 5, blockSize: 4096, depth: 1 },
    { extents: 340 * 4 + 1, blockSize: 4096, depth: 2 },
    { extents: 169 * 4 + 1, blockSize: 2048, depth: 2 },
    { extents: 84 * 84 * 4 + 1, blockSize: 1024, depth: 3 },
  ] as const)(
    "a file of $extents extents has a tree of depth $depth in blocks of $blockSize",
    async ({ extents, blockSize, depth }) => {
      await withDirectory(async (directory) => {
        const dataRegions = alternating(extents, blockSize);
        const data = Buffer.alloc(extents * blockSize, "fragment");
        const size = extents * 2 * blockSize;
        const image = await makeImage(join(directory, "disk"), { blockSize }, async (tree) => {
          await tree.sparseFile("fragments", { size, dataRegions }, data);
          await tree.file("after", "another");
        });
        await expectSound(image);
        expect(await debugfs(image.path, "ex /fragments")).toContain(` 0/ ${depth} `);
      });
    },
  );

  test("data regions need not begin or end with blocks, and may meet inside one", async () => {
    await withDirectory(async (directory) => {
      const dataRegions = [
        { offset: 10, length: 100 },
        { offset: 200, length: 50 },
        { offset: 250, length: 4000 },
        { offset: 8191, length: 2 },
        { offset: 100_000, length: 33_333 },
      ];
      const data = Buffer.alloc(37_485, "0123456789");
      const image = await makeImage(
        join(directory, "disk"),
        {},
        async (tree) => {
          await tree.sparseFile("odd", { size: 150_000, dataRegions }, data);
          await tree.sparseFile("all-hole", { size: 5_000_000, dataRegions: [] }, Buffer.alloc(0));
          await tree.file("after", Buffer.alloc(70_001, "z"));
        },
        977,
      );
      await expectSound(image);
    });
  });

  test.each([2 ** 32 + 5000, 2 ** 44 - 4096])(
    "a file of %i bytes keeps its size, its holes and its data",
    async (size) => {
      await withDirectory(async (directory) => {
        const path = join(directory, "disk");
        const writer = await createExt4Image(path);
        const tree = treeMaker(writer);
        const offsets = [0, 2 ** 31 - 2, 2 ** 32 - 2, size - 4].filter((offset) => offset + 4 <= size);
        const dataRegions = offsets.map((offset) => ({ offset, length: 4 }));
        const sink = writer.openContent({ size, dataRegions });
        void sink.write(Buffer.from("abcd".repeat(offsets.length)));
        const content = sink.close();
        tree.add("large", { kind: "file", size, content, attributes: tree.root.attributes });
        await writer.finish(tree.root);
        await expectClean(path);
        await withMount(path, { type: "ext4" }, async (mounted) => {
          const handle = await open(join(mounted, "large"));
          const found = await handle.stat();
          expect(found.size).toBe(size);
          expect(found.blocks).toBeLessThan(100);
          for (const offset of offsets) {
            const around = Buffer.alloc(8, "?");
            await handle.read(around, offset === 0 ? 2 : 0, 6, Math.max(offset - 2, 0));
            expect(around.toString("latin1").slice(2, 6)).toBe("abcd");
          }
          await handle.close();
        });
      });
    },
  );

  test("contents larger than a group run around the heads of groups", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "disk"), { blockSize: 1024 }, async (tree) => {
        await tree.file("across-groups", Buffer.alloc(60_000_000, "over group 0, 1, 3, 5 and 7; "));
        for (let index = 0; index < 50; index++)
          await tree.file(`small/${index}`, Buffer.alloc(30_000, `${index}`));
      });
      await expectSound(image);
      const extents = await debugfs(image.path, "ex /across-groups");
      expect(extents.split("\n").length).toBeGreaterThan(5);
    });
  });
});

test("content that no node refers to is free in the image, and nothing of it remains", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "disk");
    const writer = await createExt4Image(path);
    const tree = treeMaker(writer);
    await tree.file("before", "kept before");
    const secret = Buffer.alloc(300_000, "-----BEGIN PRIVATE KEY-----");
    const sink = writer.openContent({ size: secret.length });
    void sink.write(secret);
    sink.close();
    await tree.file("after", "kept after");
    const summary = await writer.finish(tree.root);
    expect(summary.contentDropped).toBe(300_000);
    const bytes = await readFile(path);
    expect(bytes.includes("PRIVATE KEY")).toBe(false);
    expect(bytes.includes("kept after")).toBe(true);
    if (!judge.skip) await expectClean(path);
  });
});

test("all that lies outside the regions told is zero, and takes no room on the host", async () => {
  await withDirectory(async (directory) => {
    const { path, summary } = await makeImage(
      join(directory, "disk"),
      { size: { kind: "bytes", bytes: 2 ** 28 } },
      async (tree) => {
        for (let index = 0; index < 500; index++)
          await tree.file(`files/${index}`, Buffer.alloc(index * 13, 1));
      },
    );
    const bytes = await readFile(path);
    let end = 0;
    for (const { offset, length } of summary.dataRegions) {
      expect(offset).toBeGreaterThan(end - 1);
      expect(isZero(bytes.subarray(end, offset))).toBe(true);
      end = offset + length;
    }
    expect(isZero(bytes.subarray(end))).toBe(true);
    const written = summary.dataRegions.reduce((sum, { length }) => sum + length, 0);
    expect((await stat(path)).blocks * 512).toBeLessThan(written + 2 ** 20);
  });
});
