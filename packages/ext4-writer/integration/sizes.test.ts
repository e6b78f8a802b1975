import { stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debugfs, dumpe2fs, requireJudge, withMount } from "@bootlayer/test-fixtures";
import { run, withDirectory, type TreeMaker } from "@bootlayer/test-fixtures/image-writers";
import {
  autoFreeBytes,
  autoFreeInodes,
  createExt4Image,
  Ext4SizeError,
  type Ext4Size,
} from "../src/index.ts";
import { describe, expect, test } from "vitest";
import { expectClean, expectSound, makeImage } from "./judging.ts";

const mebibyte = 2 ** 20;

async function fillSome(tree: TreeMaker): Promise<void> {
  for (let index = 0; index < 40; index++)
    await tree.file(`files/${index}`, Buffer.alloc(400_000, `${index}-`));
  for (let index = 0; index < 400; index++) await tree.file(`small/${index}`, "small");
}

/** The lines of `dumpe2fs -h` that are choices, not consequences of content or chance. */
async function choices(path: string): Promise<string[]> {
  const wanted =
    /^(Filesystem (magic|revision|features|flags|state|OS)|Default mount|Errors|Block (count|size)|Fragment size|Group descriptor|Reserved (GDT|block count|blocks [ug]id)|(Blocks|Fragments|Inodes|Inode blocks) per group|Flex|First (inode|block)|Inode (count|size)|(Required|Desired) extra|Journal (inode|backup|size)|Total journal|Default directory|Checksum type)/;
  return (await dumpe2fs(path)).split("\n").filter((line) => wanted.test(line));
}

const judge = requireJudge("root", "e2fsck", "mount", "python3", "debugfs", "dumpe2fs", "mke2fs");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.each([
    { blockSize: 4096, bytes: 20 * 1024 * mebibyte, groups: 160 },
    { blockSize: 2048, bytes: 4 * 1024 * mebibyte, groups: 128 },
    { blockSize: 1024, bytes: 2 * 1024 * mebibyte, groups: 256 },
    { blockSize: 4096, bytes: 128 * mebibyte, groups: 1 },
    { blockSize: 4096, bytes: 129 * mebibyte, groups: 2 },
    { blockSize: 4096, bytes: 30_000_000, groups: 1 },
  ] as const)(
    "an image of $bytes bytes in blocks of $blockSize has $groups groups and little of it is written",
    async ({ blockSize, bytes, groups }) => {
      await withDirectory(async (directory) => {
        const image = await makeImage(
          join(directory, "disk"),
          { blockSize, size: { kind: "bytes", bytes } },
          fillSome,
        );
        await expectSound(image);
        const { size, blocks } = await stat(image.path);
        expect(size).toBe(bytes);
        expect(blocks * 512).toBeLessThan(40 * mebibyte);
        expect((await dumpe2fs(image.path)).match(/^Group \d+:/gm)).toHaveLength(groups);
      });
    },
  );

  test.each(["8M", "32M", "640M", "3G", "20G"])("features and layout are mke2fs's at %s", async (size) => {
    await withDirectory(async (directory) => {
      const theirs = join(directory, "theirs");
      await run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-i", "16384", "-I", "256", theirs, size);
      const bytes = (await stat(theirs)).size;
      const ours = await makeImage(join(directory, "ours"), { size: { kind: "bytes", bytes } }, (tree) =>
        tree.file("a", "b"),
      );
      expect(await choices(ours.path)).toEqual(await choices(theirs));
    });
  });

  test.each([
    { size: { kind: "auto" }, wanted: 64 * mebibyte },
    { size: { kind: "free", bytes: 0 }, wanted: 0 },
    { size: { kind: "free", bytes: 300 * mebibyte }, wanted: 300 * mebibyte },
  ] satisfies { size: Ext4Size; wanted: number }[])(
    "df shows the $wanted bytes that $size.kind promises, and little more",
    async ({ size, wanted }) => {
      await withDirectory(async (directory) => {
        const { path, summary } = await makeImage(join(directory, "disk"), { size }, fillSome);
        await expectClean(path);
        await withMount(path, { type: "ext4" }, async (mounted) => {
          const { bavail, bsize, ffree } = await statfs(mounted);
          expect(bavail * bsize).toBe(summary.availableBytes);
          expect(bavail * bsize).toBeGreaterThanOrEqual(wanted);
          expect(bavail * bsize).toBeLessThan(wanted + 16 * mebibyte);
          expect(ffree).toBe(summary.inodes - summary.inodesUsed);
        });
      });
    },
  );

  test("as many inodes stay free as asked, in more groups if need be", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "disk"), { freeInodes: 100_000 }, fillSome);
      await expectSound(image);
      expect(image.summary.inodes - image.summary.inodesUsed).toBeGreaterThanOrEqual(100_000);
    });
  });

  test.each([1024, 2048, 4096] as const)(
    "a size that is too small says what is enough, in blocks of %i",
    async (blockSize) => {
      await withDirectory(async (directory) => {
        for (const bytes of [1, 100_000, 10 * mebibyte]) {
          const path = join(directory, "disk");
          const size = { kind: "bytes", bytes } as const;
          const error: unknown = await makeImage(path, { blockSize, size }, fillSome).catch(
            (error: unknown) => error,
          );
          expect(error).toMatchObject({ code: "EXT4_SIZE_TOO_SMALL" });
          if (!(error instanceof Ext4SizeError)) throw error;
          const enough = { kind: "bytes", bytes: error.neededBytes } as const;
          await expectSound(await makeImage(path, { blockSize, size: enough }, fillSome));
          const short = { kind: "bytes", bytes: Math.floor(error.neededBytes * 0.9) } as const;
          await expect(makeImage(path, { blockSize, size: short }, fillSome)).rejects.toMatchObject({
            code: "EXT4_SIZE_TOO_SMALL",
          });
        }
      });
    },
  );

  test("a journal that heads cut into more than four runs has an extent block", async () => {
    await withDirectory(async (directory) => {
      const size = { kind: "bytes", bytes: 9 * 1024 * mebibyte } as const;
      const image = await makeImage(join(directory, "disk"), { blockSize: 1024, size }, fillSome);
      await expectSound(image);
      expect(await debugfs(image.path, "ex <8>")).toContain(" 0/ 1 ");
      await withMount(image.path, { type: "ext4", options: "rw" }, async (mounted) => {
        await writeFile(join(mounted, "new"), "logged");
      });
      await expectClean(image.path);
    });
  });

  test("without a journal there is none", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "disk"), { journal: false }, fillSome);
      await expectSound(image);
      expect(image.summary.journalBytes).toBe(0);
      expect(await dumpe2fs(image.path)).not.toContain("has_journal");
    });
  });

  test("label, UUID and times are those given", async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, "disk");
      const uuid = "01234567-89ab-cdef-0123-456789abcdef";
      const options = {
        uuid,
        hashSeed: uuid,
        label: "root-ä",
        time: { seconds: 1_700_000_000, nanoseconds: 1 },
      };
      await expectSound(await makeImage(path, options, fillSome));
      const dump = await dumpe2fs(path);
      expect(dump).toMatch(/Filesystem volume name: +root-ä/);
      expect(dump).toMatch(new RegExp(`Filesystem UUID: +${uuid}`));
      expect(dump).toMatch(new RegExp(`Directory Hash Seed: +${uuid}`));
      expect(dump).toMatch(/Filesystem created: +Tue Nov 14 22:13:20 2023/);
    });
  });
});

test("an automatic size leaves 64 MiB or 15 %, and 4,096 inodes or 15 %", () => {
  expect(autoFreeBytes(0)).toBe(64 * mebibyte);
  expect(autoFreeBytes(1000 * mebibyte)).toBe(150 * mebibyte);
  expect(autoFreeInodes(11, { kind: "auto" })).toBe(4096);
  expect(autoFreeInodes(100_000, { kind: "auto" })).toBe(15_000);
});

test("content past what the kept heads can describe is refused before it is written", async () => {
  await withDirectory(async (directory) => {
    const writer = await createExt4Image(join(directory, "disk"), { blockSize: 1024 });
    expect(() => writer.openContent({ size: 40 * 1024 * mebibyte })).toThrow(
      expect.objectContaining({ code: "EXT4_TOO_LARGE" }),
    );
    await writer.abort();
  });
});
