import { expect, test } from "vitest";
import { diskOptionsOf, parseBlockSize } from "./disk-flags.ts";

test.each([
  ["4096", 4096],
  ["1K", 1024],
  ["128KiB", 131_072],
  ["1m", 1_048_576],
])("block size %s", (text, bytes) => {
  expect(parseBlockSize(text)).toBe(bytes);
});

test.each(["", "K", "1G", "-4096", "4096.5"])("block size %j is refused", (text) => {
  expect(() => parseBlockSize(text)).toThrow(SyntaxError);
});

test("what is not said is the format's to decide", () => {
  expect(diskOptionsOf({ format: "squashfs", selinuxLabels: true })).toEqual({
    format: "squashfs",
    selinuxLabels: true,
  });
  expect(diskOptionsOf({ format: "ext4", size: "4G", journal: false, selinuxLabels: false })).toEqual({
    format: "ext4",
    size: "4G",
    journal: false,
    selinuxLabels: false,
  });
});
