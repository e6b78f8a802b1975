import { expect, test } from "vitest";
import { fileSystemSeed, inodeSeed } from "./checksum.ts";
import { crc32c, crc32cStart } from "./crc32c.ts";
import { encodeLeaf, dotEntries } from "./format/dirent.ts";

const seed = fileSystemSeed(Buffer.from("0123456789abcdef0123456789abcdef", "hex"));

test("seeds come from the UUID, and an inode's from its number too", () => {
  expect(seed).toBe(0x688cb585);
  expect([2, 8, 11].map((inode) => inodeSeed(seed, inode))).toEqual([0x70b04140, 0xa0f3bfd4, 0x7bb738bd]);
});

test("a directory without entries has the checksum that mke2fs gives lost+found's unused blocks", () => {
  const empty = Buffer.alloc(4096);
  empty.writeUInt16LE(4096 - 12, 4);
  expect(crc32c(inodeSeed(seed, 11), empty, 0, 4096 - 12)).toBe(0x1c40da57);
});

test("a leaf's tail has the checksum of all before it", () => {
  const leaf = Buffer.alloc(1024);
  encodeLeaf(leaf, 0, 1024, dotEntries(2, 2), inodeSeed(seed, 2));
  expect(leaf.readUInt32LE(1020)).toBe(crc32c(inodeSeed(seed, 2), leaf, 0, 1012));
  expect(crc32c(crc32cStart, leaf.subarray(1012, 1020))).toBe(
    crc32c(crc32cStart, Buffer.from("000000000c0000de", "hex")),
  );
});
