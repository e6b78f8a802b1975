import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { fileSystemSeed, inodeSeed, crc32cUInt32 } from "../src/checksum.ts";
import { crc32c, crc32cStart } from "../src/crc32c.ts";

const uuid = "01234567-89ab-cdef-0123-456789abcdef";

const judge = requireJudge("mke2fs");
describe.skipIf(judge.skip)(`of an image that mke2fs made${judge.reason}`, () => {
  test("the checksums of superblock, first group and inodes are those that this package computes", async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, "theirs");
      await execa("mke2fs", ["-q", "-t", "ext4", "-b", "4096", "-U", uuid, path, "64M"], {
        env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin`, E2FSPROGS_FAKE_TIME: "1000000000" },
      });
      const image = await readFile(path);
      const seed = fileSystemSeed(Buffer.from(uuid.replaceAll("-", ""), "hex"));

      const superblock = image.subarray(1024, 2048);
      expect(crc32c(crc32cStart, superblock, 0, 0x3fc)).toBe(superblock.readUInt32LE(0x3fc));

      const descriptor = Buffer.from(image.subarray(4096, 4096 + 64));
      const descriptorChecksum = descriptor.readUInt16LE(0x1e);
      descriptor.writeUInt16LE(0, 0x1e);
      expect(crc32c(crc32cUInt32(seed, 0), descriptor) & 0xffff).toBe(descriptorChecksum);

      const table = descriptor.readUInt32LE(8) * 4096;
      for (const number of [2, 7, 8, 11]) {
        const inode = Buffer.from(image.subarray(table + (number - 1) * 256, table + number * 256));
        const checksum = inode.readUInt16LE(0x7c) + inode.readUInt16LE(0x82) * 65_536;
        inode.writeUInt16LE(0, 0x7c);
        inode.writeUInt16LE(0, 0x82);
        expect(crc32c(inodeSeed(seed, number), inode)).toBe(checksum);
      }
    });
  });
});
