import type { ByteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import type { Dirent } from "./format/dirent.ts";
import type { NameHash } from "./half-md4.ts";
import { buildHashedDirectory } from "./htree.ts";

/** Names of 12 bytes, so entries of 20: 40 of them fill a leaf of 1 KiB as far as it is filled. */
function names(count: number): Dirent[] {
  return Array.from({ length: count }, (_, index) => ({
    inode: 100 + index,
    name: String(index).padStart(12, "0") as ByteString,
    kind: "file",
  }));
}

/** As if the hash kept the order of the names. */
function hashInOrder(name: ByteString): NameHash {
  return { hash: Number(name) * 2, minor: 0 };
}

test("a leaf that begins with the hash which the one before ends with is marked in the index", () => {
  // All names of one hash: every leaf after the first goes on with it.
  const { bytes } = buildHashedDirectory({ inode: 12, parent: 2, entries: names(100) }, 1024, 0, () => ({
    hash: 0x1000,
    minor: 0,
  }));
  expect(bytes.length).toBe(4 * 1024);
  expect(bytes.readUInt16LE(0x22)).toBe(3);
  expect(bytes.readUInt32LE(0x28)).toBe(0x1001);
  expect(bytes.readUInt32LE(0x30)).toBe(0x1001);
});

test("leaves with hashes of their own are not marked", () => {
  const { bytes } = buildHashedDirectory({ inode: 12, parent: 2, entries: names(100) }, 1024, 0, hashInOrder);
  expect([bytes.readUInt32LE(0x28), bytes.readUInt32LE(0x30)]).toEqual([40 * 2, 80 * 2]);
});

test("names with the same hashes are in byte order, so that the same tree gives the same bytes", () => {
  const { bytes } = buildHashedDirectory({ inode: 12, parent: 2, entries: names(60) }, 1024, 0, () => ({
    hash: 2,
    minor: 7,
  }));
  expect(bytes.readUInt32LE(1024)).toBe(100);
  expect(bytes.readUInt32LE(1024 + 20)).toBe(101);
});

test.each([
  [123 * 40, 0],
  [123 * 40 + 1, 1],
  [123 * 126 * 40, 1],
  [123 * 126 * 40 + 1, 2],
])("%i names in blocks of 1 KiB have %i levels of inner nodes", (count, levels) => {
  const built = buildHashedDirectory({ inode: 12, parent: 2, entries: names(count) }, 1024, 0, hashInOrder);
  expect(built.indexLevels).toBe(levels);
});
