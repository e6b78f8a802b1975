import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createContentDigest } from "./content-digest.ts";

/** Blocks of one byte; a 0 is a block of zeros, told of one by one or all of a run at once. */
function digest(blocks: readonly number[], asRuns: boolean): string {
  const content = createContentDigest();
  for (const [piece] of blocks.join("").matchAll(asRuns ? /0+|[^0]/g : /./g))
    if (piece.startsWith("0")) content.addZeroBlocks(piece.length);
    else content.addBlock(Buffer.from(piece));
  return content.value();
}

const blocks = fc.array(fc.nat(2), { minLength: 1, maxLength: 10 });

test.prop([blocks])("zeros one by one and at once are the same", (content) => {
  expect(digest(content, true)).toBe(digest(content, false));
});

test.prop(
  [
    fc
      .integer({ min: 1, max: 8 })
      .chain((length) =>
        fc.tuple(...[0, 1].map(() => fc.array(fc.nat(2), { minLength: length, maxLength: length }))),
      ),
  ],
  {
    numRuns: 1000,
  },
)("contents of one length have one digest only if they are the same", ([one = [], other = []]) => {
  expect(digest(one, true) === digest(other, true)).toBe(one.join() === other.join());
});

test("where the zeros are makes a difference", () => {
  const places = [
    [0, 0, 1, 1],
    [0, 1, 0, 1],
    [1, 0, 0, 1],
    [1, 1, 0, 0],
  ];
  expect(new Set(places.map((content) => digest(content, true))).size).toBe(places.length);
});
