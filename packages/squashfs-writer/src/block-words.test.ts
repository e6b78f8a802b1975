import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createBlockWords } from "./block-words.ts";

const step = fc.record({
  count: fc.nat(40_000),
  sets: fc.array(fc.nat(), { maxLength: 8 }),
  drop: fc.boolean(),
});

test.prop([fc.array(step, { maxLength: 12 })])(
  "each file has the words that were set, and zeros elsewhere, whatever was taken back before",
  (steps) => {
    const words = createBlockWords(4096);
    const files: { first: number; expected: Uint32Array }[] = [];
    for (const { count, sets, drop } of steps) {
      const first = words.reserve(count);
      const expected = new Uint32Array(count);
      for (const [index, at] of sets.entries()) {
        if (count === 0) break;
        expected[at % count] = index + 1;
        words.set(first + (at % count), index + 1);
      }
      if (drop) words.truncate(first);
      else files.push({ first, expected });
    }
    for (const { first, expected } of files) expect(words.list(first, expected.length)).toEqual(expected);
  },
);

test("more blocks than an image can list are refused, with the hint of larger ones", () => {
  const words = createBlockWords(4096);
  expect(() => words.reserve(2 ** 32)).toThrow(
    expect.objectContaining({ code: "SQUASHFS_TOO_LARGE", hint: "use larger blocks" }),
  );
  expect(words.reserve(5)).toBe(0);
});
