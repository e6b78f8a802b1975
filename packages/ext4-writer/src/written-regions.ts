import type { DataRegion } from "@bootlayer/rootfs-tree";

/** Notes which bytes of the image were written. */
export interface WrittenRegions {
  add(offset: number, length: number): void;
  /** Ascending, joined where they touch or overlap. */
  list(): DataRegion[];
}

export function createWrittenRegions(): WrittenRegions {
  /** Starts and ends by turns, in the order of writing; nearly every write goes on where the last one ended. */
  const bounds: number[] = [];
  return {
    add(offset, length) {
      if (length <= 0) return;
      if (bounds.at(-1) === offset) bounds[bounds.length - 1] = offset + length;
      else bounds.push(offset, offset + length);
    },
    list() {
      const joined: { offset: number; length: number }[] = [];
      for (const { offset, end } of sorted(bounds)) {
        const last = joined.at(-1);
        if (last && offset <= last.offset + last.length)
          last.length = Math.max(last.length, end - last.offset);
        else joined.push({ offset, length: end - offset });
      }
      return joined;
    },
  };
}

function sorted(bounds: readonly number[]): { offset: number; end: number }[] {
  const regions: { offset: number; end: number }[] = [];
  for (let index = 0; index < bounds.length; index += 2)
    regions.push({ offset: bounds[index] ?? 0, end: bounds[index + 1] ?? 0 });
  return regions.toSorted((a, b) => a.offset - b.offset);
}
