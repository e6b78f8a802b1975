import type { Run } from "./allocator.ts";

/** Sets bits `from` to `to`; bit 0 is the lowest of byte 0, as in all ext4 bitmaps. */
export function setBits(bitmap: Buffer, from: number, to: number): void {
  forEachByte(
    from,
    to,
    (byte, mask) => {
      bitmap[byte] = (bitmap[byte] ?? 0) | mask;
    },
    (first, end) => bitmap.fill(0xff, first, end),
  );
}

export function clearBits(bitmap: Buffer, from: number, to: number): void {
  forEachByte(
    from,
    to,
    (byte, mask) => {
      bitmap[byte] = (bitmap[byte] ?? 0) & ~mask;
    },
    (first, end) => bitmap.fill(0, first, end),
  );
}

function forEachByte(
  from: number,
  to: number,
  onPart: (byte: number, mask: number) => void,
  onWhole: (firstByte: number, endByte: number) => void,
): void {
  if (from >= to) return;
  const first = from >> 3;
  const last = to >> 3;
  const head = 0xff & (0xff << (from & 7));
  const tail = (1 << (to & 7)) - 1;
  if (first === last) {
    onPart(first, head & tail);
    return;
  }
  onPart(first, head);
  onWhole(first + 1, last);
  if (tail !== 0) onPart(last, tail);
}

/** The blocks that are free although they lie among those in use: ascending, not overlapping. */
export interface FreeRuns {
  /** Calls back with each part of a free run between `start` and `end`; ranges must be asked for in ascending order. */
  within(start: number, end: number, onRun: (start: number, end: number) => void): void;
}

export function freeRuns(runs: readonly Run[]): FreeRuns {
  const sorted = runs.toSorted((a, b) => a.start - b.start);
  let next = 0;
  return {
    within(start, end, onRun) {
      for (let index = next; index < sorted.length; index++) {
        const run = sorted[index];
        if (!run || run.start >= end) return;
        const runEnd = run.start + run.length;
        if (runEnd <= start) next = index + 1;
        else onRun(Math.max(run.start, start), Math.min(runEnd, end));
      }
    },
  };
}
