import { groupStart, headGroups, type Geometry } from "./geometry.ts";

/** Contiguous blocks of the image. */
export interface Run {
  readonly start: number;
  readonly length: number;
}

/** Hands out blocks in ascending order, past the heads of groups; what it has handed out never comes back. */
export interface Allocator {
  /** The first block that nobody has; all before it are taken, heads included, but for `gaps`. */
  cursor(): number;
  /** Blocks handed out so far. */
  taken(): number;
  /** Blocks passed over because a contiguous run did not fit before a head; ascending. */
  gaps(): readonly Run[];
  /** Takes `count` blocks and tells their runs in ascending order: more than one where a head lies between. */
  take(count: number, onRun: (start: number, length: number) => void): void;
  /** Takes `count` blocks, at most what lies between two heads, in one run and answers its first. */
  takeContiguous(count: number): number;
  /** A second allocator that goes on from here, for trying things out. */
  fork(): Allocator;
}

export function createAllocator(geometry: Geometry): Allocator {
  return allocatorAt(geometry, { cursor: geometry.firstDataBlock, taken: 0, headIndex: 0, gaps: [] });
}

interface Position {
  cursor: number;
  taken: number;
  /** Index into `headGroups` of the next head at or after the cursor. */
  headIndex: number;
  gaps: Run[];
}

function allocatorAt(geometry: Geometry, position: Position): Allocator {
  /** Blocks from the cursor to the next head, which the cursor has then left behind if it stood before one. */
  function room(): number {
    let next = headStart(position.headIndex);
    while (position.cursor === next) {
      position.cursor += geometry.headBlocks;
      next = headStart(++position.headIndex);
    }
    return next - position.cursor;
  }

  function headStart(index: number): number {
    const group = headGroups[index];
    return group === undefined ? Infinity : groupStart(geometry, group);
  }

  return {
    cursor: () => position.cursor,
    taken: () => position.taken,
    gaps: () => position.gaps,
    take(count, onRun) {
      position.taken += count;
      for (let left = count; left > 0;) {
        const length = Math.min(room(), left);
        onRun(position.cursor, length);
        position.cursor += length;
        left -= length;
      }
    },
    takeContiguous(count) {
      for (let free = room(); free < count; free = room()) {
        position.gaps.push({ start: position.cursor, length: free });
        position.cursor += free;
      }
      const start = position.cursor;
      position.cursor += count;
      position.taken += count;
      return start;
    },
    fork: () => allocatorAt(geometry, { ...position, gaps: [...position.gaps] }),
  };
}
