import { randomFillSync } from "node:crypto";
import { expect, test } from "vitest";
import type { SquashfsCompression } from "../options.ts";
import { compressionIds } from "./compressor.ts";
import { createCompressor } from "./create-compressor.ts";

const compressions: readonly SquashfsCompression[] = [
  { kind: "zstd" },
  { kind: "gzip" },
  { kind: "xz", level: 0 },
  { kind: "lz4" },
  { kind: "lz4", highCompression: true },
];

/** 128 KiB that compress somewhat: words of chance, each several times. */
function text(length: number): Buffer {
  const words = Array.from({ length: 300 }, (_, index) => `${(index * 7919).toString(36)}-${index} `);
  let seed = length;
  const chosen = [];
  for (let bytes = 0; bytes < length;) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const word = words[(seed >>> 16) % words.length] ?? "";
    chosen.push(word);
    bytes += word.length;
  }
  return Buffer.from(chosen.join("")).subarray(0, length);
}

test.for(compressions)("%j: a block that does not shrink has no compressed form", async (compression) => {
  const compressor = await createCompressor(compression, 131_072);
  expect(await compressor.compress(randomFillSync(Buffer.alloc(131_072)))).toBeUndefined();
  expect(await compressor.compress(Buffer.alloc(1))).toBeUndefined();
});

test.for(compressions)("%j: the bytes depend on nothing that was compressed before", async (compression) => {
  const block = text(100_000);
  const fresh = await createCompressor(compression, 131_072);
  const expected = Buffer.from((await fresh.compress(block)) ?? []);
  expect(expected.length).toBeGreaterThan(0);
  const used = await createCompressor(compression, 131_072);
  for (const before of [
    text(131_072),
    randomFillSync(Buffer.alloc(131_072)),
    Buffer.alloc(131_072),
    text(5000),
  ])
    await used.compress(before);
  expect(expected.equals((await used.compress(block)) ?? Buffer.alloc(0))).toBe(true);
});

test.for(compressions)("%j: the block keeps its bytes, wherever in memory it lies", async (compression) => {
  const memory = Buffer.concat([Buffer.from("odd"), text(9000), Buffer.from("behind")]);
  const before = Buffer.from(memory);
  const compressor = await createCompressor(compression, 131_072);
  const inside = Buffer.from((await compressor.compress(memory.subarray(3, 9003))) ?? []);
  expect(memory.equals(before)).toBe(true);
  expect(inside.equals((await compressor.compress(text(9000))) ?? Buffer.alloc(0))).toBe(true);
});

test.for(compressions)(
  "%j: a metadata chunk of 8 KiB is compressed whole in an image of 4 KiB blocks",
  async (compression) => {
    const compressor = await createCompressor(compression, 4096);
    const compressed = await compressor.compress(Buffer.alloc(8192, "metadata"));
    expect(compressed?.length).toBeLessThan(200);
  },
);

test.for<readonly [SquashfsCompression, number, string | undefined]>([
  [{ kind: "zstd" }, compressionIds.zstd, undefined],
  [{ kind: "zstd", level: 15 }, compressionIds.zstd, undefined],
  [{ kind: "zstd", level: 22 }, compressionIds.zstd, "16000000"],
  [{ kind: "gzip" }, compressionIds.gzip, undefined],
  [{ kind: "gzip", level: 12 }, compressionIds.gzip, undefined],
  [{ kind: "gzip", level: 6 }, compressionIds.gzip, "060000000f000000"],
  [{ kind: "xz", level: 3, filters: [] }, compressionIds.xz, undefined],
  [{ kind: "xz", level: 3 }, compressionIds.xz, "0000020001000000"],
  [{ kind: "xz", filters: ["x86", "armthumb", "x86"] }, compressionIds.xz, "0000020011000000"],
  [{ kind: "lz4" }, compressionIds.lz4, "0100000000000000"],
  [{ kind: "lz4", highCompression: true }, compressionIds.lz4, "0100000001000000"],
  [{ kind: "none" }, compressionIds.gzip, undefined],
])(
  "%j: options are stored only where they are not the default, but always for lz4",
  async ([compression, id, hex]) => {
    const { id: actual, options } = await createCompressor(compression, 131_072);
    expect(actual).toBe(id);
    expect(options && Buffer.from(options).toString("hex")).toBe(hex);
  },
);

test("no options name a dictionary smaller than a metadata chunk", async () => {
  const { options } = await createCompressor({ kind: "xz", filters: ["arm"] }, 4096);
  expect(options && Buffer.from(options).readUInt32LE(0)).toBe(8192);
});
