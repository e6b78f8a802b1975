import { testOptions } from "@bootlayer/test-fixtures/image-writers";
import { expect, test } from "vitest";
import { checkOptions, type SquashfsOptions } from "./options.ts";

test("all options have defaults", () => {
  expect(checkOptions({})).toMatchObject({
    compression: { kind: "zstd" },
    blockSize: 131072,
    time: { seconds: 0, nanoseconds: 0 },
    uncompressed: { inodes: false, data: false, fragments: false, xattrs: false },
    fragments: true,
    deduplicate: true,
    exportTable: true,
  });
  expect(checkOptions({}).threads).toBeGreaterThan(0);
});

test("an option that is undefined has its default", () => {
  expect(
    checkOptions({ compression: undefined, blockSize: undefined, uncompressed: { data: undefined } }),
  ).toEqual(checkOptions({}));
});

test("without compression nothing is compressed, whatever else is asked", () => {
  const { uncompressed } = checkOptions({ compression: { kind: "none" }, uncompressed: { data: false } });
  expect(uncompressed).toEqual({ inodes: true, data: true, fragments: true, xattrs: true });
});

test.each([
  { compression: { kind: "zstd", level: 1 } },
  { compression: { kind: "zstd", level: 22 } },
  { compression: { kind: "gzip", level: 12 } },
  { compression: { kind: "xz", level: 0, filters: ["x86", "sparc"] } },
  { compression: { kind: "xz", filters: undefined } },
  { compression: { kind: "lz4", highCompression: true } },
  { compression: { kind: "none" } },
  { blockSize: 4096 },
  { blockSize: 1048576 },
  { time: { seconds: -1e10, nanoseconds: 999_999_999 } },
  { uncompressed: { inodes: true, data: true, fragments: true, xattrs: true } },
  { threads: 0 },
  { threads: 256 },
] satisfies SquashfsOptions[])("%j is taken as it is", (options) => {
  expect(checkOptions(options)).toMatchObject(options);
});

test.each([
  { compression: "zstd" },
  { compression: null },
  { compression: { kind: "lzo" } },
  { compression: { kind: "zstd", level: 0 } },
  { compression: { kind: "zstd", level: 23 } },
  { compression: { kind: "zstd", level: "15" } },
  { compression: { kind: "gzip", level: 13 } },
  { compression: { kind: "xz", level: 10 } },
  { compression: { kind: "xz", filters: ["x86", "x86"] } },
  { compression: { kind: "xz", filters: ["mips"] } },
  { compression: { kind: "xz", filters: "x86" } },
  { compression: { kind: "lz4", highCompression: 1 } },
  { blockSize: 2048 },
  { blockSize: 5000 },
  { blockSize: 2097152 },
  { blockSize: "4096" },
  { time: { seconds: 0.5, nanoseconds: 0 } },
  { time: { seconds: 0, nanoseconds: 1e9 } },
  { time: 5 },
  { time: null },
  { uncompressed: true },
  { uncompressed: { data: "no" } },
  { fragments: 1 },
  { deduplicate: "yes" },
  { exportTable: null },
  { threads: -1 },
  { threads: 1.5 },
  { threads: 257 },
  { signal: {} },
])("%j is refused and named", (options) => {
  const [name = ""] = Object.keys(options);
  expect(() => checkOptions(options as unknown as SquashfsOptions)).toThrow(
    expect.objectContaining({ code: "SQUASHFS_OPTIONS_INVALID", message: expect.stringContaining(name) }),
  );
});

testOptions({
  check: (options) => checkOptions(options),
  names: [
    "compression",
    "blockSize",
    "time",
    "uncompressed",
    "fragments",
    "deduplicate",
    "exportTable",
    "threads",
    "signal",
  ],
  code: "SQUASHFS_OPTIONS_INVALID",
});
