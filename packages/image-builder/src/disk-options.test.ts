import { expect, test } from "vitest";
import { parseDiskOptions, parseDiskSize } from "./disk-options.ts";

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

test.each([
  { format: "btrfs" },
  { blockSize: 512 },
  { label: "x".repeat(17) },
  { label: "größergrößer!!ü" },
  { jurnal: false },
])("%j is refused, naming the option", (input) => {
  expect(() => parseDiskOptions(input)).toThrow(
    expect.objectContaining({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining(Object.keys(input)[0] ?? ""),
    }),
  );
});
