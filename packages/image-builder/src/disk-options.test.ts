import { expect, test } from "vitest";
import { parseCompression, parseDiskOptions, parseDiskSize, type DiskOptionsInput } from "./disk-options.ts";

test.each([
  ["auto", { kind: "auto" }],
  ["1048576", { kind: "bytes", bytes: 2 ** 20 }],
  ["4G", { kind: "bytes", bytes: 4 * 2 ** 30 }],
  ["1.5GiB", { kind: "bytes", bytes: 1.5 * 2 ** 30 }],
  ["512mb", { kind: "bytes", bytes: 512 * 2 ** 20 }],
  ["+512M", { kind: "free", bytes: 512 * 2 ** 20 }],
  ["2t", { kind: "bytes", bytes: 2 * 2 ** 40 }],
])("size %s", (text, size) => {
  expect(parseDiskSize(text)).toEqual(size);
});

test.each(["", "0", "+0G", "-1G", "4X", "G", "1e9", "99999999999T", "4 G G", "auto "])(
  "size %j is refused",
  (text) => {
    expect(() => parseDiskSize(text)).toThrow(expect.objectContaining({ code: "OPTIONS_INVALID" }));
  },
);

test("what is left out has its default", () => {
  expect(parseDiskOptions({})).toEqual({
    format: "ext4",
    size: { kind: "auto" },
    blockSize: 4096,
    journal: true,
    label: "",
    selinuxLabels: true,
  });
});

test("a squashfs disk has defaults of its own", () => {
  expect(parseDiskOptions({ format: "squashfs" })).toEqual({
    format: "squashfs",
    compression: { kind: "zstd", level: 15 },
    blockSize: 131_072,
    selinuxLabels: true,
  });
});

test.each([
  ["zstd", { kind: "zstd" }],
  ["zstd:3", { kind: "zstd", level: 3 }],
  ["gzip:9", { kind: "gzip", level: 9 }],
  ["xz:0", { kind: "xz", level: 0 }],
  ["lz4", { kind: "lz4", highCompression: false }],
  ["lz4:hc", { kind: "lz4", highCompression: true }],
  ["none", { kind: "none" }],
])("compression %s", (text, compression) => {
  expect(parseCompression(text)).toEqual(compression);
});

test.each(["", "brotli", "zstd:", "zstd:hc", "zstd:-1", "none:1", "lz4:9", "ZSTD"])(
  "compression %j is refused",
  (text) => {
    expect(() => parseCompression(text)).toThrow(expect.objectContaining({ code: "OPTIONS_INVALID" }));
  },
);

test.each([
  ["size", { format: "squashfs", size: "4G" }],
  ["journal", { format: "squashfs", journal: true }],
  ["blockSize", { format: "squashfs", blockSize: 2048 }],
  ["compression", { compression: "zstd" }],
])("%s, which the format has not, is refused: %j", (name, input) => {
  expect(() => parseDiskOptions(input as DiskOptionsInput)).toThrow(
    expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.stringContaining(name) as string }),
  );
});

test.each([
  { format: "btrfs" },
  { blockSize: 512 },
  { label: "x".repeat(17) },
  { label: "größergrößer!!ü" },
  { jurnal: false },
])("%j is refused, naming the option", (input) => {
  expect(() => parseDiskOptions(input as DiskOptionsInput)).toThrow(
    expect.objectContaining({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining(Object.keys(input)[0] ?? ""),
    }),
  );
});
