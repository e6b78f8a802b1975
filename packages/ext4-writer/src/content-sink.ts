import {
  dataLength,
  shapeFault,
  type ContentHandle,
  type ContentShape,
  type ContentSink,
} from "@bootlayer/rootfs-tree";
import type { Allocator } from "./allocator.ts";
import { Ext4Error, imageTooLarge } from "./errors.ts";
import type { ExtentTable } from "./extent-table.ts";
import type { BlockSize } from "./geometry.ts";
import type { ImageFile } from "./image-file.ts";

/** What a sink puts bytes into. */
export interface ContentTarget {
  readonly blockSize: BlockSize;
  /** No image with these options can have more blocks. */
  readonly maxBlocks: number;
  readonly allocator: Allocator;
  readonly extents: ExtentTable;
  readonly file: ImageFile;
}

/** Logical block numbers of a file have 32 bits, and the largest is not used. */
const maxFileBlocks = 2 ** 32 - 1;

/**
 * Allocates a file's blocks and takes its bytes. All blocks are taken at once, since the shape says how many there are;
 * a hole has none. The file's span in the extent table is its handle.
 *
 * @throws {Ext4Error} EXT4_CONTENT_INVALID if the shape contradicts itself or the bytes contradict the shape,
 *   EXT4_TOO_LARGE if the file is more than ext4 holds, or the image has become so.
 */
export function openContentSink(
  target: ContentTarget,
  shape: ContentShape,
  onClose: () => void,
): ContentSink {
  checkShape(shape, target.blockSize);
  const { blockSize, extents, file } = target;
  const regions = shape.dataRegions ?? [{ offset: 0, length: shape.size }];
  const span = allocate(target, shape);
  const endExtent = extents.first(span + 1);
  let region = 0;
  /** Bytes of the region that are behind us. */
  let regionDone = 0;
  let extent = extents.first(span);
  let position = 0;
  /** Bytes that still fit at `position`. */
  let room = 0;
  let closed = false;

  /** Moves on to the next stretch that is contiguous both in the data and in the image. */
  function nextStretch(): void {
    let current = regions[region];
    if (current && regionDone === current.length) {
      current = regions[++region];
      regionDone = 0;
    }
    if (!current) throw invalid(`got more bytes than the ${dataLength(shape)} announced`);
    const offset = current.offset + regionDone;
    while (extent < endExtent && (extents.logical(extent) + extents.length(extent)) * blockSize <= offset)
      extent++;
    const within = offset - extents.logical(extent) * blockSize;
    position = extents.physical(extent) * blockSize + within;
    room = Math.min(current.length - regionDone, extents.length(extent) * blockSize - within);
    regionDone += room;
  }

  return {
    write(bytes) {
      if (closed) throw invalid("got bytes after it was closed");
      for (let done = 0; done < bytes.length;) {
        if (room === 0) nextStretch();
        const length = Math.min(room, bytes.length - done);
        file.write(position, length === bytes.length ? bytes : bytes.subarray(done, done + length));
        position += length;
        room -= length;
        done += length;
      }
    },
    close() {
      if (closed) throw invalid("was closed twice");
      const last = regions[region];
      if (room > 0 || region < regions.length - 1 || (last && regionDone < last.length))
        throw invalid(`ended before the ${dataLength(shape)} bytes announced`);
      closed = true;
      onClose();
      return span as ContentHandle;
    },
  };
}

function allocate({ blockSize, maxBlocks, allocator, extents }: ContentTarget, shape: ContentShape): number {
  const span = extents.begin();
  let nextBlock = 0;
  for (const { offset, length } of shape.dataRegions ?? [{ offset: 0, length: shape.size }]) {
    // Two regions may meet in one block.
    let block = Math.max(Math.floor(offset / blockSize), nextBlock);
    nextBlock = Math.ceil((offset + length) / blockSize);
    const wanted = Math.max(nextBlock - block, 0);
    if (allocator.cursor() + wanted > maxBlocks)
      throw imageTooLarge(blockSize, (allocator.cursor() + wanted) * blockSize);
    if (wanted > 0)
      allocator.take(wanted, (start, count) => {
        extents.append(block, start, count);
        block += count;
      });
  }
  return span;
}

function checkShape(shape: ContentShape, blockSize: BlockSize): void {
  const fault = shapeFault(shape);
  if (fault !== undefined) throw invalid(fault);
  if (shape.size > maxFileBlocks * blockSize)
    throw new Ext4Error(
      "EXT4_TOO_LARGE",
      `a file of ${shape.size} bytes is more than ext4 holds with blocks of ${blockSize} bytes`,
      blockSize === 4096 ? "the file cannot be in the image" : "use blocks of 4096 bytes",
    );
}

function invalid(what: string): Ext4Error {
  return new Ext4Error(
    "EXT4_CONTENT_INVALID",
    `a file's content ${what}`,
    "announce the size and data regions that are then written",
  );
}
