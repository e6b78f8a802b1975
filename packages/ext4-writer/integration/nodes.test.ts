import { appendFile, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { byteString, byteStringOf } from "@bootlayer/rootfs-tree";
import { requireJudge, withLibext2, withMount } from "@bootlayer/test-fixtures";
import {
  attributes,
  expectSameTree,
  fillWithEveryKind,
  withDirectory,
  type Edges,
  type Fill,
} from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectClean, expectSound, listMounted, makeImage } from "./judging.ts";

const blockSizes = [1024, 2048, 4096] as const;

const edges: Edges = {
  targets: [1, 59, 60, 1023],
  seconds: [-(2 ** 31), -1, 0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 15_032_385_534],
  sizes: [1023, 1024, 1025, 4095, 4096, 4097, 300_000],
};

const fill: Fill = (tree) => fillWithEveryKind(tree, edges);

const judge = requireJudge("root", "e2fsck", "mount", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.each(blockSizes)("every kind of node keeps all its attributes, in blocks of %i", async (blockSize) => {
    await withDirectory(async (directory) => {
      await expectSound(await makeImage(join(directory, "disk"), { blockSize }, fill));
    });
  });

  test.each(blockSizes)("an image in use stays clean, in blocks of %i", async (blockSize) => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "disk"), { blockSize }, async (tree) => {
        await fill(tree);
        for (let index = 0; index < 300; index++) await tree.file(`many/${index}`, `${index}`);
      });
      await withMount(image.path, { type: "ext4", options: "rw" }, async (mounted) => {
        await mkdir(join(mounted, "new"));
        for (let index = 0; index < 200; index++)
          await writeFile(join(mounted, "many", `new-${index}`), Buffer.alloc(index * 512, 1));
        for (let index = 0; index < 300; index += 3) await rm(join(mounted, "many", `${index}`));
        await appendFile(join(mounted, "bin", "su"), Buffer.alloc(1_000_000));
      });
      await expectClean(image.path);
    });
  });

  test("times that ext4 cannot hold become the nearest that it can, as in the kernel", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "disk"), {}, async (tree) => {
        await tree.file("early", "", { mtime: { seconds: -(2 ** 40), nanoseconds: 5 } });
        await tree.file("late", "", { mtime: { seconds: 2 ** 50, nanoseconds: 5 } });
      });
      await withMount(path, { type: "ext4" }, async (mounted) => {
        const listing = await listMounted(mounted);
        expect(listing.get("/early")?.mtime).toBe(-(2n ** 31n) * 1_000_000_000n);
        expect(listing.get("/late")?.mtime).toBe(15_032_385_535n * 1_000_000_000n);
      });
    });
  });

  test("a file may have 65,000 names and a directory more subdirectories than it can count", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "disk"), { blockSize: 1024 }, async (tree) => {
        const file = await tree.file("first", "x");
        for (let index = 1; index < 65_000; index++) tree.add(`links/${index}`, file);
        for (let index = 0; index < 64_999; index++) tree.directory(`directories/${index}`);
        for (let index = 0; index < 10; index++) tree.directory(`few/${index}`);
      });
      await expectClean(path);
      await withMount(path, { type: "ext4" }, async (mounted) => {
        const links = async (name: string): Promise<number> => (await stat(join(mounted, name))).nlink;
        expect(await links("links/64999")).toBe(65_000);
        expect(await links("directories")).toBe(1);
        expect(await links("few")).toBe(12);
        expect(await readdir(join(mounted, "directories"))).toHaveLength(64_999);
      });
    });
  });

  test("a tree's own lost+found is the file system's", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "disk"), {}, async (tree) => {
        tree.directory("lost+found", { mode: 0o711, uid: 5 });
        await tree.file("lost+found/kept", "kept");
      });
      await expectClean(image.path);
      await withMount(image.path, { type: "ext4" }, async (mounted) => {
        const listing = await listMounted(mounted);
        image.expected.delete("/lost+found");
        expectSameTree(listing, image.expected);
      });
    });
  });
});

test("libext2fs, which needs no root, reads the same names and contents", async () => {
  await withDirectory(async (directory) => {
    const image = await makeImage(join(directory, "disk"), {}, async (tree) => {
      await tree.file("etc/hostname", "machine\n", { mode: 0o640 });
      await tree.file("big", Buffer.alloc(5_000_000, "0123456789abcdef-"));
      tree.symlink("etc/long", "x".repeat(100));
      for (let index = 0; index < 500; index++) await tree.file(`names/file-${index}`, "x");
    });
    await withLibext2(image.path, async ({ list, readFile }) => {
      const listing = await list();
      listing.delete("/lost+found");
      expect([...listing.keys()].toSorted()).toEqual([...image.expected.keys()].toSorted());
      expect(listing.get("/etc/hostname")).toMatchObject({ type: "file", mode: 0o640, size: 8 });
      expect(listing.get("/etc/long")).toMatchObject({ linkTarget: "x".repeat(100) });
      expect(await readFile("/big")).toEqual(Buffer.alloc(5_000_000, "0123456789abcdef-"));
    });
  });
});

test("a name is its bytes: no two become one", async () => {
  await withDirectory(async (directory) => {
    const image = await makeImage(join(directory, "disk"), {}, (tree) => {
      tree.root.entries.set(byteString("é"), { kind: "fifo", attributes: attributes() });
      tree.root.entries.set(byteStringOf(Buffer.from("e9", "hex")), {
        kind: "fifo",
        attributes: attributes(),
      });
    });
    expect(image.summary.inodesUsed).toBe(13);
  });
});
