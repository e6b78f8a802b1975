import { expect, test } from "vitest";
import { acceptsZstd } from "./accepts-zstd.ts";

test.each([
  ["gzip, deflate, br, zstd", true],
  ["zstd;q=0.5, *;q=0", true],
  ["ZSTD", true],
  ["zstd;q=0", false],
  ["zstd; q=0.000", false],
  ["*", false],
  ["gzip", false],
  ["", false],
  [undefined, false],
])("%j", (header, accepted) => {
  expect(acceptsZstd(header)).toBe(accepted);
});
