import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { requireJudge } from "@bootlayer/test-fixtures";
import { withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect } from "vitest";
import type { SquashfsOptions } from "../src/index.ts";
import { expectKernelAgrees, expectUnsquashfsAgrees, makeImage } from "./judging.ts";

const blockSize = 4096;

/** A piece of a file: equal pieces make equal blocks, ends and files likely. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ fill: fc.integer({ min: 1, max: 3 }), length: fc.constant(blockSize) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ fill: fc.constant(0), length: fc.constantFrom(blockSize, 3 * blockSize) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ fill: fc.nat(3), length: fc.constantFrom(1, 100, blockSize - 1, blockSize + 1) }),
  },
);

const file = fc.record({
  pieces: fc.array(piece, { minLength: 1, maxLength: 6 }),
  /** Whether zeros are announced as holes. */
  sparse: fc.boolean(),
  copies: fc.integer({ min: 1, max: 3 }),
});
type File = typeof file extends fc.Arbitrary<infer T> ? T : never;

const options: fc.Arbitrary<SquashfsOptions> = fc.record({
  compression: fc.constantFrom(
    { kind: "zstd", level: 1 } as const,
    { kind: "gzip", level: 1 } as const,
    { kind: "xz", level: 0 } as const,
    { kind: "lz4" } as const,
    { kind: "none" } as const,
  ),
  blockSize: fc.constant(blockSize),
  fragments: fc.boolean(),
  deduplicate: fc.boolean(),
  threads: fc.nat(2),
  uncompressed: fc.record({ data: fc.boolean(), fragments: fc.boolean() }),
});

/** Text that shrinks for some fills and noise that does not for others. */
function bytesOf(fill: number, length: number): Buffer {
  if (fill === 0) return Buffer.alloc(length);
  if (fill < 3) return Buffer.alloc(length, `text ${fill}, `);
  const noise = Buffer.alloc(length);
  for (let at = 0; at < length; at++) noise[at] = (Math.imul(at + 1, 0x9e37_79b1) >>> 13) | 1;
  return noise;
}

function dataOf({ pieces, sparse }: File): {
  size: number;
  data: Buffer;
  dataRegions: { offset: number; length: number }[];
} {
  let size = 0;
  const kept: Buffer[] = [];
  const dataRegions: { offset: number; length: number }[] = [];
  for (const { fill, length } of pieces) {
    if (!sparse || fill > 0) {
      dataRegions.push({ offset: size, length });
      kept.push(bytesOf(fill, length));
    }
    size += length;
  }
  return { size, dataRegions, data: Buffer.concat(kept) };
}

const judge = requireJudge("root", "mount", "unsquashfs");
describe.skipIf(judge.skip)(`contents${judge.reason}`, () => {
  test.prop([options, fc.array(file, { minLength: 1, maxLength: 30 })], { numRuns: 10 })(
    "whatever blocks, ends, holes and duplicates they have, they are read as they were written",
    async (options, files) => {
      await withDirectory(async (directory) => {
        const made = await makeImage(join(directory, "image"), options, async (tree) => {
          for (const [index, file] of files.entries()) {
            const { size, data, dataRegions } = dataOf(file);
            for (let copy = 0; copy < file.copies; copy++)
              await tree.sparseFile(`${index}-${copy}`, { size, dataRegions }, data);
          }
        });
        await expectKernelAgrees(made);
        await expectUnsquashfsAgrees(made);
      });
    },
    120_000,
  );

  test("a file that is found to be a duplicate after it was written leaves the image as if it had not come", async () => {
    await withDirectory(async (directory) => {
      const large = Buffer.concat(Array.from({ length: 9 }, (_, index) => bytesOf(3, 1_000_001 + index)));
      const other = Buffer.from(large);
      other.write("another end", large.length - 20);
      const options = { compression: { kind: "zstd", level: 1 }, threads: 2 } as const;
      const fill = (copies: number) => async (tree: Parameters<Parameters<typeof makeImage>[2]>[0]) => {
        for (let copy = 0; copy < copies; copy++) await tree.file(`copy-${copy}`, large);
        await tree.file("small", "small");
        await tree.file("other", other);
        for (let copy = 0; copy < copies; copy++) await tree.file(`late-${copy}`, large);
      };
      const made = await makeImage(join(directory, "image"), options, fill(2));
      expect(made.summary).toMatchObject({ duplicateFiles: 3, duplicateBytes: 3 * large.length });
      expect(made.summary.compressedBlocks + made.summary.rawBlocks).toBe(
        2 * Math.floor(large.length / 131_072) + made.summary.fragments,
      );
      await expectKernelAgrees(made);
      await expectUnsquashfsAgrees(made);
    });
  });
});
