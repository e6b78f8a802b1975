import { buffer } from "node:stream/consumers";
import { zstdDecompressSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { compressSparse } from "./sparse-zstd.ts";

function sourceOf(disk: Uint8Array, dataRegions: readonly (readonly [number, number])[]) {
  const read: [number, number][] = [];
  const open = async (start: number, end: number): Promise<AsyncIterable<Uint8Array>> => {
    read.push([start, end]);
    return (async function* () {
      yield disk.subarray(start, end);
    })();
  };
  return { source: { bytes: disk.length, dataRegions, open }, read };
}

property.prop(
  [
    fc.array(fc.tuple(fc.nat({ max: 300_000 }), fc.uint8Array({ minLength: 1, maxLength: 2000 }))),
    fc.nat({ max: 3_000_000 }),
  ],
  {
    numRuns: 30,
  },
)("whatever the regions, the disk comes out of one frame, and holes are not read", async (pieces, tail) => {
  const regions: [number, number][] = [];
  const parts: Uint8Array[] = [];
  let position = 0;
  for (const [gap, data] of pieces) {
    parts.push(new Uint8Array(gap), data);
    regions.push([position + gap, data.length]);
    position += gap + data.length;
  }
  const disk = Buffer.concat([...parts, new Uint8Array(tail)]);
  const { source, read } = sourceOf(disk, regions);
  // The decoder reads the first frame alone.
  expect(zstdDecompressSync(await buffer(compressSparse(source))).equals(disk)).toBe(true);
  expect(read).toEqual(regions.map(([offset, length]) => [offset, offset + length]));
});

test("a disk of nothing but holes becomes little", async () => {
  const { source } = sourceOf(new Uint8Array(0), []);
  const sent = await buffer(compressSparse({ ...source, bytes: 256 * 2 ** 20 }));
  expect(sent.length).toBeLessThan(64 * 1024);
});

async function breakingOff(): Promise<AsyncIterable<Uint8Array>> {
  return (async function* () {
    yield new Uint8Array(10);
    throw new Error("gone");
  })();
}

test("a disk that cannot be read to its end breaks the stream, it does not end it", async () => {
  const source = { bytes: 100, dataRegions: [[0, 100]] as const, open: breakingOff };
  await expect(buffer(compressSparse(source))).rejects.toThrow("gone");
});
