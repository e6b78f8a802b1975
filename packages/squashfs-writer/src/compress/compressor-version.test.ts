import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compressorVersion } from "./compressor-version.ts";

test("the versions are those that the package pins", async () => {
  const path = join(import.meta.dirname, "../../package.json");
  const { dependencies } = JSON.parse(await readFile(path, "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(compressorVersion({ kind: "gzip" })).toBe(`libdeflate ${dependencies["libdeflate"]}`);
  expect(compressorVersion({ kind: "xz" })).toBe(
    `lzma ${dependencies["@napi-rs/lzma"]}, plan 2, zstd ${process.versions["zstd"]}`,
  );
});

test("zstd is Node's own, at parameters that are counted", () => {
  expect(compressorVersion({ kind: "zstd" })).toBe(`zstd ${process.versions["zstd"]}, parameters 2`);
});
