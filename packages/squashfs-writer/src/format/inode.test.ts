import { expect, test } from "vitest";
import {
  encodeDevice,
  encodeDeviceInode,
  encodeDirectoryInode,
  encodeFileInode,
  encodeIpcInode,
  encodeSymlinkInode,
  type InodeHeader,
} from "./inode.ts";
import { metadataReference } from "./metadata-chunk.ts";
import type { PlacedContent } from "./placed-content.ts";
import type { ByteString } from "@bootlayer/rootfs-tree";

const header: InodeHeader = {
  kind: "file",
  mode: 0o644,
  uidIndex: 1,
  gidIndex: 2,
  mtime: 3,
  number: 4,
  links: 1,
  xattrSet: undefined,
};

const content: PlacedContent = {
  size: 10,
  start: 96,
  blocks: Uint32Array.of(10),
  fragment: undefined,
  sparseBytes: 0,
};

const basicFile = 2;
const extendedFile = 9;

test.each([
  ["fits in 32 bits", {}, {}, basicFile],
  ["ends just below 4 GiB", {}, { size: 2 ** 32 - 1, start: 2 ** 32 - 1 }, basicFile],
  ["has several names", { links: 2 }, {}, extendedFile],
  ["has attributes", { xattrSet: 0 }, {}, extendedFile],
  ["has 4 GiB", {}, { size: 2 ** 32 }, extendedFile],
  ["begins at 4 GiB", {}, { start: 2 ** 32 }, extendedFile],
  ["has a block of zeros", {}, { sparseBytes: 4096, size: 8192 }, extendedFile],
])("a file that %s has the smallest inode that holds it", (_, more, place, type) => {
  const inode = encodeFileInode({ ...header, ...more }, { ...content, ...place });
  expect(inode.readUInt16LE(0)).toBe(type);
  expect(inode).toHaveLength(type === basicFile ? 32 : 56);
});

test("a file of zeros is not said to be all sparse: the kernel would count blocks below none", () => {
  const inode = encodeFileInode(header, { ...content, size: 8192, sparseBytes: 8192 });
  expect(inode.readBigUInt64LE(32)).toBe(8191n);
});

test("an empty file has neither place nor fragment", () => {
  expect(encodeFileInode(header, undefined).toString("hex", 16)).toBe("00000000ffffffff0000000000000000");
});

test.each([
  ["an empty one", 0, 0, 1, 3],
  ["65,532 bytes", 65_532, 0, 1, 65_535],
  ["65,533 bytes", 65_533, 0, 8, 65_536],
  ["an index", 9000, 1, 8, 9003],
])("a directory's size counts its dots: %s", (_, listingSize, entries, type, size) => {
  const inode = encodeDirectoryInode(
    { ...header, kind: "directory" },
    {
      listingSize,
      listing: metadataReference(7, 8),
      parent: 9,
      index: Array.from({ length: entries }, () => ({
        offset: 8000,
        chunkStart: 7,
        name: "name" as ByteString,
      })),
    },
  );
  expect(inode.readUInt16LE(0)).toBe(type);
  expect(type === 1 ? inode.readUInt16LE(24) : inode.readUInt32LE(20)).toBe(size);
});

test("attributes make an extended inode of every other kind, and come last", () => {
  const withXattrs = { ...header, xattrSet: 5 };
  const inodes = [
    encodeSymlinkInode({ ...withXattrs, kind: "symlink" }, "target" as ByteString),
    encodeDeviceInode({ ...withXattrs, kind: "block-device" }, { major: 1, minor: 2 }),
    encodeDeviceInode({ ...withXattrs, kind: "character-device" }, { major: 1, minor: 2 }),
    encodeIpcInode({ ...withXattrs, kind: "fifo" }),
    encodeIpcInode({ ...withXattrs, kind: "socket" }),
  ];
  expect(inodes.map((inode) => inode.readUInt16LE(0))).toEqual([10, 11, 12, 13, 14]);
  expect(inodes.map((inode) => inode.readUInt32LE(inode.length - 4))).toEqual([5, 5, 5, 5, 5]);
});

test.each([
  [1, 3, 0x103],
  [255, 255, 0xffff],
  [8, 256, 0x100800],
  [256, 0, 0x10000],
  [4095, 1_048_575, 0xffff_ffff],
])("device %i:%i is %i", (major, minor, encoded) => {
  expect(encodeDevice({ major, minor })).toBe(encoded);
});
