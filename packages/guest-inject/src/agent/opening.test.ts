import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { cut } from "../../integration/agent-fixtures.ts";
import { createOpening, createOpeningFinder, RESYNCHRONISATION } from "./opening.ts";

test("an opening is the protocol's name and 16 bytes that are never the same", () => {
  const [one, other] = [createOpening(), createOpening()];
  expect([one.length, one.toString("latin1", 0, 8)]).toEqual([24, "BLAGENT1"]);
  expect(one.equals(other)).toBe(false);
});

test.prop([
  // Beginnings of openings, this one's too, are the likeliest to deceive.
  fc.array(fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.nat(23)), { maxLength: 6 }),
  fc.uint8Array({ maxLength: 60 }),
  fc.array(fc.nat(40), { maxLength: 20 }),
])(
  "an answer is found behind whatever others left, however it was cut, and what follows is given",
  (junk, after, cuts) => {
    const opening = createOpening();
    const before = junk.map((part) => (typeof part === "number" ? opening.subarray(0, part) : part));
    const find = createOpeningFinder(opening);
    let rest: Uint8Array | undefined;
    for (const piece of cut(Buffer.concat([...before, opening, after]), cuts))
      if (rest === undefined) rest = find(piece);
      else rest = Buffer.concat([rest, piece]);
    expect(Buffer.from(rest ?? [])).toEqual(Buffer.from(after));
  },
);

test("what resynchronises fills up any frame and then breaks the rules of the next", () => {
  expect(RESYNCHRONISATION).toEqual(Buffer.alloc(12 + 65_536, 0xff));
});
