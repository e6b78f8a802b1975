import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createSparseScanner } from "./sparse-regions.ts";

const block = 4096;

test("whole aligned blocks of zeros are holes; single zeros and the end are not", () => {
  const scanner = createSparseScanner();
  scanner.push(Buffer.alloc(2 * block));
  scanner.push(Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(2 * block - 2)]));
  scanner.push(Buffer.from("end"));
  expect(scanner.regions()).toEqual([
    { offset: 2 * block, length: block },
    { offset: 4 * block, length: 3 },
  ]);
});

test("nothing but zeros is all hole", () => {
  const scanner = createSparseScanner();
  scanner.push(Buffer.alloc(block + 5));
  expect(scanner.regions()).toEqual([]);
});

test.prop([fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: block })])(
  "every byte that is not zero is in a region, and regions are apart and in order",
  (blocks, tail) => {
    const bytes = Buffer.concat([
      ...blocks.map((full) => Buffer.alloc(block, full ? 1 : 0)),
      Buffer.alloc(tail),
    ]);
    const scanner = createSparseScanner();
    scanner.push(bytes);
    let end = -1;
    const shown = Buffer.alloc(bytes.length);
    for (const { offset, length } of scanner.regions()) {
      expect(offset).toBeGreaterThan(end);
      expect(length).toBeGreaterThan(0);
      end = offset + length;
      bytes.copy(shown, offset, offset, end);
    }
    expect(end).toBeLessThanOrEqual(bytes.length);
    expect(shown.equals(bytes)).toBe(true);
  },
);

test("a file of very many holes keeps its larger ones", () => {
  const scanner = createSparseScanner();
  const pair = Buffer.concat([Buffer.alloc(block, 1), Buffer.alloc(block)]);
  for (let count = 0; count < 10_000; count++) scanner.push(pair);
  scanner.push(Buffer.alloc(64 * block));
  scanner.push(Buffer.alloc(block, 1));
  const regions = scanner.regions();
  expect(regions.length).toBeLessThanOrEqual(8192);
  expect(regions.at(-1)).toEqual({ offset: (20_000 + 64) * block, length: block });
});
