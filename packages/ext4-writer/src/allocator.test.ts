import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createAllocator, type Run } from "./allocator.ts";
import { geometryOf, groupStart, headGroups } from "./geometry.ts";

const geometry = geometryOf(1024, 300);

test("the first blocks after a head are handed out first", () => {
  const runs: Run[] = [];
  createAllocator(geometry).take(5, (start, length) => runs.push({ start, length }));
  expect(runs).toEqual([{ start: 301, length: 5 }]);
});

test.prop([fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6000 })), { maxLength: 40 })])(
  "blocks are handed out once, in ascending order, none of them in a head, none skipped untold",
  (requests) => {
    const allocator = createAllocator(geometry);
    const runs: Run[] = [];
    for (const [contiguous, count] of requests)
      if (contiguous) runs.push({ start: allocator.takeContiguous(count), length: count });
      else allocator.take(count, (start, length) => runs.push({ start, length }));
    const heads = headGroups
      .map((group) => ({ start: groupStart(geometry, group), length: geometry.headBlocks }))
      .filter(({ start }) => start < allocator.cursor());
    let next = geometry.firstDataBlock;
    for (const { start, length } of [...runs, ...allocator.gaps(), ...heads].toSorted(
      (a, b) => a.start - b.start,
    )) {
      expect(start).toBe(next);
      next = start + length;
    }
    expect(next).toBe(Math.max(allocator.cursor(), next));
    expect(allocator.taken()).toBe(runs.reduce((sum, { length }) => sum + length, 0));
  },
);

test("what a fork hands out is not taken from the first", () => {
  const allocator = createAllocator(geometry);
  const fork = allocator.fork();
  expect(fork.takeContiguous(10)).toBe(allocator.takeContiguous(10));
});
