import { fc, test } from "@fast-check/vitest";
import type { ContentShape } from "@bootlayer/rootfs-tree";
import { expect } from "vitest";
import { createBlockCutter } from "./block-cutter.ts";

const blockSize = 16;

/** A file of `gaps`: each a hole and the data after it; bytes of data count up from 1. */
function fileOf(
  gaps: readonly (readonly [number, number])[],
  end: number,
): { shape: ContentShape; file: Buffer; data: Buffer } {
  const dataRegions: { offset: number; length: number }[] = [];
  const pieces: Buffer[] = [];
  let offset = 0;
  let value = 0;
  for (const [gap, length] of gaps) {
    offset += gap;
    dataRegions.push({ offset, length });
    offset += length;
    const data = Buffer.from(Array.from({ length }, () => (value = (value % 255) + 1)));
    pieces.push(Buffer.alloc(gap), data);
  }
  const file = Buffer.concat([...pieces, Buffer.alloc(end)]);
  return {
    shape: { size: file.length, dataRegions },
    file,
    data: Buffer.from(file.filter((byte) => byte > 0)),
  };
}

/** Feeds `data` in pieces and puts together what was cut. */
function cut(shape: ContentShape, data: Buffer, pieceBytes: number): Buffer {
  const blocks: Buffer[] = [];
  const cutter = createBlockCutter(shape, blockSize, {
    // Memory that was used before is not zeros.
    lend: () => new Uint8Array(blockSize).fill(0xff),
    onBlock: (memory, length) => blocks.push(Buffer.from(memory.subarray(0, length))),
    onHole: (count) => blocks.push(Buffer.alloc(count * blockSize)),
  });
  for (let offset = 0; offset < data.length; offset += pieceBytes) {
    const piece = data.subarray(offset, offset + pieceBytes);
    for (let done = 0; done < piece.length;) done += cutter.take(piece, done);
  }
  cutter.end();
  expect(blocks.slice(0, -1).every(({ length }) => length % blockSize === 0)).toBe(true);
  return Buffer.concat(blocks);
}

test.prop([
  fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 40 })), { maxLength: 8 }),
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: 1, max: 60 }),
])("the blocks of a file with holes, put together, are the file", (gaps, end, pieceBytes) => {
  const { shape, file, data } = fileOf(gaps, end);
  expect(cut(shape, data, pieceBytes)).toEqual(file);
});

test.prop([fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.integer({ min: 1, max: 40 })])(
  "the blocks of a file without holes, put together, are the file",
  (bytes, pieceBytes) => {
    expect(cut({ size: bytes.length }, Buffer.from(bytes), pieceBytes)).toEqual(Buffer.from(bytes));
  },
);

test("a hole takes as long as its neighbours' blocks, not as its bytes", () => {
  const shape = { size: 2 ** 50 + 5, dataRegions: [{ offset: 2 ** 50, length: 5 }] };
  const seen: unknown[] = [];
  const cutter = createBlockCutter(shape, 4096, {
    lend: () => new Uint8Array(4096),
    onBlock: (_, length) => seen.push({ length }),
    onHole: (count) => seen.push({ count }),
  });
  cutter.take(Buffer.from("12345"), 0);
  cutter.end();
  expect(seen).toEqual([{ count: 2 ** 38 }, { length: 5 }]);
});
