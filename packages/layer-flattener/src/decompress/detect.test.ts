import { gzipSync, zstdCompressSync } from "node:zlib";
import { tarArchive } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { detectWrapping } from "./detect.ts";

const archive = tarArchive([{ name: "f" }]);

test.each([
  ["none", archive],
  ["none", Buffer.alloc(0)],
  ["none", tarArchive([{ name: "BZh and more" }])],
  ["gzip", gzipSync(archive)],
  ["zstd", zstdCompressSync(archive)],
  ["zstd", Buffer.from("5f2a4d1800000000", "hex")],
  ["bzip2", Buffer.from("BZh91AY&SY")],
  ["xz", Buffer.from("fd377a585a000004", "hex")],
])("%s is told by its first bytes", (wrapping, bytes) => {
  expect(detectWrapping(bytes)).toBe(wrapping);
});
