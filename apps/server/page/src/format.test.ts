import { expect, test } from "vitest";
import { formatBytes, formatSeconds, percent, shortDigest } from "./format.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 KiB"],
  [97_517_568, "93.0 MiB"],
  [2 ** 40, "1.0 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.424, "0.42 s"],
  [12.34, "12.3 s"],
  [119.7, "2 min 0 s"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("only the whole is 100 per cent", () => {
  expect([percent(0, 10), percent(9999, 10_000), percent(10, 10), percent(0, 0)]).toEqual([0, 99, 100, 100]);
});

test("a digest is told by its first twelve digits", () => {
  expect(shortDigest(`sha256:${"0123456789ab".repeat(5)}`)).toBe("sha256:0123456789ab");
});
