import { lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { byteStringOf, type ByteString } from "@bootlayer/rootfs-tree";
import { debugfs, dumpe2fs, requireJudge, withMount } from "@bootlayer/test-fixtures";
import {
  attributes,
  expectSameTree,
  withDirectory,
  type TreeMaker,
} from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectClean, listMounted, makeImage } from "./judging.ts";

/** `count` names in one directory, some of bytes over 0x7f, for which the hash knows signs. */
function fillDirectory(tree: TreeMaker, count: number, padding: string): Iterable<ByteString> {
  const { entries } = tree.directory("names");
  for (let index = 0; index < count; index++) {
    const name = Buffer.from(`${index % 2 === 0 ? "é" : "e"}${index}${padding}`);
    entries.set(byteStringOf(name), { kind: "fifo", attributes: attributes() });
  }
  return entries.keys();
}

/** The kernel finds all names by their hashes, and no more than these. */
async function expectEveryName(path: string, names: Iterable<ByteString>): Promise<void> {
  await withMount(path, { type: "ext4" }, async (mounted) => {
    const directory = Buffer.from(`${mounted}/names/`);
    const listed = await readdir(directory, { encoding: "buffer" });
    expect(listed.map(byteStringOf).toSorted().join("\n") === [...names].toSorted().join("\n")).toBe(true);
    expect(listed.every((name) => lstatSync(Buffer.concat([directory, name])).isFIFO())).toBe(true);
  });
}

const judge = requireJudge("root", "e2fsck", "mount", "python3", "debugfs", "dumpe2fs");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.each([
    { title: "one level", count: 2000, padding: "", blockSize: 4096, levels: 0, largeDir: false },
    {
      title: "two levels",
      count: 100_000,
      padding: "-and-more",
      blockSize: 4096,
      levels: 1,
      largeDir: false,
    },
    {
      title: "two levels of small blocks",
      count: 20_000,
      padding: "",
      blockSize: 1024,
      levels: 1,
      largeDir: false,
    },
    {
      title: "three levels, for which large_dir is set",
      count: 50_000,
      padding: "x".repeat(240),
      blockSize: 1024,
      levels: 2,
      largeDir: true,
    },
  ] as const)(
    "every name of an index of $title is found",
    async ({ count, padding, blockSize, levels, largeDir }) => {
      await withDirectory(async (directory) => {
        let names: Iterable<ByteString> = [];
        const { path } = await makeImage(join(directory, "disk"), { blockSize }, (tree) => {
          names = fillDirectory(tree, count, padding);
        });
        await expectClean(path);
        expect(await debugfs(path, "htree_dump /names")).toContain(`Indirect levels: ${levels}`);
        expect((await dumpe2fs(path)).includes("large_dir")).toBe(largeDir);
        await expectEveryName(path, names);
      });
    },
  );

  test.each([1024, 2048, 4096] as const)(
    "directories about as large as one block of %i are sound, indexed or not",
    async (blockSize) => {
      await withDirectory(async (directory) => {
        // Entries of 16 bytes, so that one count fills the block to its last byte.
        const full = (blockSize - 36) / 16;
        const image = await makeImage(join(directory, "disk"), { blockSize }, (tree) => {
          for (let more = -2; more <= 2; more++)
            for (let index = 0; index < full + more; index++)
              tree.add(`around/${more}/${String(index).padStart(8, "0")}`, {
                kind: "fifo",
                attributes: attributes(),
              });
        });
        await expectClean(image.path);
        await withMount(image.path, { type: "ext4" }, async (mounted) => {
          expectSameTree(await listMounted(mounted), image.expected);
        });
      });
    },
  );
});
