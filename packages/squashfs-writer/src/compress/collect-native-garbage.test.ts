import { setTimeout } from "node:timers/promises";
import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { nativeGarbageCollector } from "./collect-native-garbage.ts";

const block = Buffer.alloc(131_072, "some text");

test("what zstd leaves is collected once a second has gone by, and not before", async () => {
  const collectGarbage = nativeGarbageCollector();
  const left: WeakRef<Buffer>[] = [];
  for (let round = 0; round < 8; round++) left.push(new WeakRef(zstdCompressSync(block)));
  collectGarbage();
  expect(left.every((reference) => reference.deref() !== undefined)).toBe(true);
  await setTimeout(1010);
  collectGarbage();
  expect(left.filter((reference) => reference.deref() !== undefined)).toEqual([]);
});
