import { spawnSync } from "node:child_process";
import { inflateSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect } from "vitest";
import { branchFilters } from "../src/compress/branch-filters.ts";
import { createCompressor } from "../src/compress/create-compressor.ts";
import { xzStream } from "../src/compress/xz-container.ts";
import type { SquashfsBlockSize, SquashfsCompression, XzFilter } from "../src/index.ts";

interface Judge {
  readonly name: string;
  /** Programs that it needs. */
  readonly tools: readonly string[];
  unpack(compressed: Uint8Array): Buffer;
}

function program(tool: string, wrap?: (compressed: Uint8Array) => Uint8Array): Judge {
  return {
    name: tool,
    tools: [tool],
    unpack(compressed) {
      const { status, stdout, stderr } = spawnSync(tool, ["-dcq"], {
        input: wrap ? wrap(compressed) : compressed,
        maxBuffer: 2 ** 24,
      });
      expect(stderr.toString()).toBe("");
      expect(status).toBe(0);
      return stdout;
    },
  };
}

/** lz4's own program knows no raw blocks: the older of its frames is a magic number, and a block's length before it. */
function legacyFrame(compressed: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184c2102, 0);
  header.writeUInt32LE(compressed.length, 4);
  return Buffer.concat([header, compressed]);
}

const judges: Readonly<Record<Exclude<SquashfsCompression["kind"], "none">, Judge>> = {
  zstd: program("zstd"),
  gzip: { name: "zlib", tools: [], unpack: (compressed) => inflateSync(compressed) },
  xz: program("xz"),
  lz4: program("lz4", legacyFrame),
};

/** Pieces as files have them: bytes of chance, text of few letters, one byte many times, and what stood before, near or far. */
const piece = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => ({ kind: "bytes" as const, bytes })),
  fc.array(fc.constantFrom(97, 98, 99, 32), { minLength: 1, maxLength: 600 }).map((letters) => ({
    kind: "bytes" as const,
    bytes: Uint8Array.from(letters),
  })),
  fc.record({
    kind: fc.constant("run" as const),
    byte: fc.nat(255),
    length: fc.integer({ min: 1, max: 9000 }),
  }),
  fc.record({
    kind: fc.constant("copy" as const),
    distance: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 140_000 })),
    length: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 3000 })),
  }),
  fc.record({
    kind: fc.constant("noise" as const),
    seed: fc.nat(),
    length: fc.integer({ min: 1, max: 70_000 }),
  }),
);

type Piece = typeof piece extends fc.Arbitrary<infer Value> ? Value : never;

function assemble(pieces: readonly Piece[], longest: number): Buffer {
  const block = Buffer.alloc(longest);
  let at = 0;
  const put = (byte: number): void => {
    if (at < longest) block[at++] = byte;
  };
  for (const next of pieces)
    switch (next.kind) {
      case "bytes":
        next.bytes.forEach(put);
        break;
      case "run":
        for (let count = 0; count < next.length; count++) put(next.byte);
        break;
      case "copy":
        for (let count = 0; count < next.length; count++) put(block[Math.max(at - next.distance, 0)] ?? 0);
        break;
      case "noise":
        for (let count = 0, state = next.seed; count < next.length; count++) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          put(state >>> 24);
        }
    }
  return block.subarray(0, Math.max(at, 1));
}

const allFilters: readonly XzFilter[] = ["x86", "powerpc", "ia64", "arm", "armthumb", "sparc"];
const compressions: readonly (readonly [string, SquashfsCompression & { kind: keyof typeof judges }])[] = [
  ["zstd 15", { kind: "zstd" }],
  ["zstd 3", { kind: "zstd", level: 3 }],
  ["gzip 9", { kind: "gzip" }],
  ["gzip 12", { kind: "gzip", level: 12 }],
  ["xz", { kind: "xz", level: 3 }],
  ["xz, every branch filter", { kind: "xz", level: 0, filters: allFilters }],
  ["lz4", { kind: "lz4" }],
  ["lz4, high compression", { kind: "lz4", highCompression: true }],
];
const blockSizes: readonly SquashfsBlockSize[] = [4096, 131_072, 1_048_576];

for (const [name, compression] of compressions) {
  const judge = judges[compression.kind];
  const needed = requireJudge(...judge.tools);
  describe.skipIf(needed.skip)(`${name}, unpacked by ${judge.name}${needed.reason}`, () => {
    for (const blockSize of blockSizes)
      test.prop([fc.array(piece, { minLength: 1, maxLength: 40 })], {
        numRuns: blockSize > 131_072 ? 5 : 20,
      })(
        `gives back every block of up to ${blockSize} bytes, and is shorter or not there`,
        async (pieces) => {
          const compressor = await createCompressor(compression, blockSize);
          const block = assemble(pieces, Math.max(blockSize, 8192));
          const compressed = await compressor.compress(block);
          if (!compressed) return;
          expect(compressed.length).toBeLessThan(block.length);
          expect(judge.unpack(compressed).equals(block)).toBe(true);
        },
        30_000,
      );
  });
}

/** What branch filters look for, among bytes that leave them cold and bytes that displacements end with. */
const opcodes = fc.constantFrom(
  0xe8,
  0xe9,
  0,
  0xff,
  0xeb,
  0x48,
  0x4b,
  1,
  0x40,
  0x7f,
  0xc0,
  0xf0,
  0xf8,
  0x10,
  0x50,
  5,
);
const code = fc.array(fc.oneof({ weight: 4, arbitrary: opcodes }, { weight: 1, arbitrary: fc.nat(255) }), {
  minLength: 1,
  maxLength: 4000,
  size: "max",
});

/** LZMA2 without compression: one chunk that resets the dictionary, and the end. */
function storedLzma2(bytes: Uint8Array): Buffer {
  const header = Buffer.from([1, 0, 0]);
  header.writeUInt16BE(bytes.length - 1, 1);
  return Buffer.concat([header, bytes, Buffer.alloc(1)]);
}

const needsXz = requireJudge("xz");
describe.skipIf(needsXz.skip)(`branch filters, undone by xz${needsXz.reason}`, () => {
  for (const name of allFilters)
    test.prop([code], { numRuns: 60 })(`${name}: xz gives back what was filtered`, (bytes) => {
      const { apply, xzId } = branchFilters[name];
      const uncompressed = Buffer.from(bytes);
      const filtered = Buffer.from(bytes);
      apply(filtered);
      const stream = xzStream({
        uncompressed,
        lzma2: storedLzma2(filtered),
        dictionarySize: 8192,
        branchFilterId: xzId,
      });
      expect(judges.xz.unpack(stream).equals(uncompressed)).toBe(true);
    });
});
