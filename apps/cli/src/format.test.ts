import { expect, test } from "vitest";
import { formatBytes, formatCount, formatSeconds, formatTable, shortDigest } from "./format.ts";

test.each([
  [0, "0 B"],
  [1023, "1.0 KiB"],
  [999, "999 B"],
  [10 * 1024, "10.0 KiB"],
  [123 * 2 ** 20, "123 MiB"],
  [1_740_000_000, "1.6 GiB"],
  [5 * 2 ** 50, "5120 TiB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("one is no plural", () => {
  expect([0, 1, 2].map((count) => formatCount(count, "blob"))).toEqual(["0 blobs", "1 blob", "2 blobs"]);
});

test.each([
  [0.0123, "0.01 s"],
  [12.34, "12.3 s"],
  [125, "2 min 5 s"],
])("%f seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("a table's columns are aligned, numbers to the right", () => {
  expect(
    formatTable(
      [
        ["a", "1"],
        ["bcd", "100"],
      ],
      [1],
    ),
  ).toBe("a      1\nbcd  100\n");
});

test("a digest keeps its algorithm and twelve digits", () => {
  expect(shortDigest(`sha256:${"0123456789abcdef".repeat(4)}`)).toBe("sha256:0123456789ab");
});
