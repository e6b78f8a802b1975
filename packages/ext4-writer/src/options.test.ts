import { testOptions } from "@bootlayer/test-fixtures/image-writers";
import { expect, test } from "vitest";
import { checkOptions, type Ext4Options } from "./options.ts";

test("all options have defaults, the same in every run", () => {
  expect(checkOptions({})).toEqual(checkOptions({}));
  expect(checkOptions({})).toMatchObject({ size: { kind: "auto" }, blockSize: 4096, journal: true });
});

test("a UUID is its bytes, with hyphens or without", () => {
  const bytes = Buffer.from("0123456789abcdef0123456789abcdef", "hex");
  expect(checkOptions({ uuid: "01234567-89AB-cdef-0123-456789abcdef" }).uuid).toEqual(bytes);
  expect(checkOptions({ hashSeed: "0123456789abcdef0123456789abcdef" }).hashSeed).toEqual(bytes);
});

test.each([
  { size: { kind: "bytes", bytes: 0 } },
  { size: { kind: "bytes", bytes: 2 ** 45 } },
  { size: { kind: "free", bytes: -1 } },
  { size: { kind: "huge" } },
  { size: "auto" },
  { size: null },
  { blockSize: 512 },
  { blockSize: "4096" },
  { uuid: "" },
  { uuid: "0123456789abcdef0123456789abcdeg" },
  { uuid: 5 },
  { hashSeed: "01234567" },
  { label: "seventeen bytes!!" },
  { label: "nul\0" },
  { label: 5 },
  { time: { seconds: 0.5, nanoseconds: 0 } },
  { time: { seconds: 0, nanoseconds: 1e9 } },
  { time: 5 },
  { time: null },
  { journal: "no" },
  { freeInodes: -1 },
  { maximumBytes: 0.5 },
])("%j is refused and named", (options) => {
  const [name = ""] = Object.keys(options);
  expect(() => checkOptions(options as unknown as Partial<Ext4Options>)).toThrow(
    expect.objectContaining({ code: "EXT4_OPTIONS_INVALID", message: expect.stringContaining(name) }),
  );
});

testOptions({
  check: (options) => checkOptions(options),
  names: ["size", "blockSize", "uuid", "hashSeed", "label", "time", "journal", "freeInodes", "maximumBytes"],
  code: "EXT4_OPTIONS_INVALID",
});
