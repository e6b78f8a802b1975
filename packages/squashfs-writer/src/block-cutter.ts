import { dataLength, type ContentShape } from "@bootlayer/rootfs-tree";
import type { BlockMemory } from "./block-writer.ts";
import { contentInvalid } from "./errors.ts";

/** Takes a file block by block. */
export interface CutTarget {
  lend(): BlockMemory;
  /** The next block, or the shorter rest of the file, is the first `length` bytes of memory that was lent. */
  onBlock(memory: BlockMemory, length: number): void;
  /** The next `count` blocks are holes, and whole. */
  onHole(count: number): void;
}

/** Cuts the bytes of a file's data regions, which come in pieces of any length, into blocks of the file. */
export interface BlockCutter {
  /** Takes some of `bytes` from `from` on, up to the end of a block at most; answers how many. */
  take(bytes: Uint8Array, from: number): number;
  /** All bytes are there. */
  end(): void;
}

/** The cutter's calls throw SQUASHFS_CONTENT_INVALID where the bytes contradict the shape. */
export function createBlockCutter(shape: ContentShape, blockSize: number, target: CutTarget): BlockCutter {
  const regions = shape.dataRegions ?? [{ offset: 0, length: shape.size }];
  let region = 0;
  /** Of the file: where the next byte goes. */
  let offset = 0;
  let block: BlockMemory | undefined;

  /** Bytes up to the end of the block, or of the file. */
  function roomInBlock(): number {
    return Math.min(blockSize - (offset % blockSize), shape.size - offset);
  }

  /** The first `length` bytes of the room in the block have been filled. */
  function filled(memory: BlockMemory, length: number): void {
    const room = roomInBlock();
    offset += length;
    if (length < room) return;
    block = undefined;
    target.onBlock(memory, ((offset - 1) % blockSize) + 1);
  }

  function skipTo(end: number): void {
    while (offset < end) {
      const wholeBlocks = Math.floor((end - offset) / blockSize);
      if (!block && wholeBlocks > 0) {
        offset += wholeBlocks * blockSize;
        target.onHole(wholeBlocks);
        continue;
      }
      block ??= target.lend();
      const start = offset % blockSize;
      const length = Math.min(roomInBlock(), end - offset);
      block.fill(0, start, start + length);
      filled(block, length);
    }
  }

  return {
    take(bytes, from) {
      const current = regions[region];
      if (!current) throw contentInvalid(`got more bytes than the ${dataLength(shape)} announced`);
      skipTo(current.offset);
      const left = current.offset + current.length - offset;
      const length = Math.min(left, roomInBlock(), bytes.length - from);
      block ??= target.lend();
      block.set(bytes.subarray(from, from + length), offset % blockSize);
      filled(block, length);
      if (length === left) region++;
      return length;
    },
    end() {
      if (region < regions.length)
        throw contentInvalid(`ended before the ${dataLength(shape)} bytes announced`);
      skipTo(shape.size);
    },
  };
}
