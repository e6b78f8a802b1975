import { createAllocator, type Allocator } from "./allocator.ts";
import { Ext4SizeError, imageTooLarge } from "./errors.ts";
import {
  descriptorBlocksToGrow,
  descriptorSize,
  geometryOf,
  maxBlocks,
  type BlockSize,
  type Geometry,
} from "./geometry.ts";
import { planLayout, type Layout, type LayoutRequest } from "./group-layout.ts";
import type { CheckedOptions, Ext4Size } from "./options.ts";

const mebibyte = 2 ** 20;

/** The least free space of an automatic size. */
const leastFreeBytes = 64 * mebibyte;

/** Free space of an automatic size as a part of what is used. */
const freePart = 0.15;

/** The least free inodes where neither they nor the size are fixed. */
const leastFreeInodes = 4096;

/**
 * Head-room of an automatic size: what an ordinary user finds available after `usedBytes` of contents and directories,
 * the larger of 64 MiB and 15 % of them. The image is then the least that has it, in whole MiB.
 */
export function autoFreeBytes(usedBytes: number): number {
  return Math.max(leastFreeBytes, Math.ceil(usedBytes * freePart));
}

/**
 * Free inodes where `freeInodes` does not say: 15 % of those in use, and 4,096 at least unless the size is fixed. There
 * are more wherever mke2fs's ratio, one inode for 16 KiB of image, gives more.
 */
export function autoFreeInodes(usedInodes: number, size: Ext4Size): number {
  return Math.max(size.kind === "bytes" ? 0 : leastFreeInodes, Math.ceil(usedInodes * freePart));
}

/** Where groups and their heads lie, which must be known before the first byte of content. */
export function chooseGeometry(options: CheckedOptions): Geometry {
  const { blockSize, size } = options;
  const bytes = size.kind === "bytes" ? size.bytes : options.maximumBytes;
  const blocks = bytes === undefined ? undefined : Math.floor(bytes / blockSize);
  return blocks === undefined ? openGeometry(blockSize) : boundedGeometry(blockSize, blocks);
}

/** Heads that serve any size up to blockSize / 4 descriptor blocks: 8 TiB at 4 KiB, 32 GiB at 1 KiB. */
function openGeometry(blockSize: BlockSize): Geometry {
  return geometryOf(blockSize, 1 + blockSize / 4);
}

function boundedGeometry(blockSize: BlockSize, blocks: number): Geometry {
  const geometry = geometryOf(
    blockSize,
    1 + descriptorBlocksToGrow(blockSize, Math.min(Math.max(blocks, 2), maxBlocks)),
  );
  if (geometry.headBlocks > geometry.blocksPerGroup / 2 || blocks > maxBlocks)
    throw imageTooLarge(blockSize, blocks * blockSize);
  return geometry;
}

/**
 * What no image of this geometry can be larger than: group descriptors have only the heads' blocks. A fixed size is not
 * a bound here, so that an image that outgrows it can still tell by how much.
 */
export function boundOf({ blockSize, headBlocks, blocksPerGroup }: Geometry, size: Ext4Size): number {
  if (size.kind === "bytes") return maxBlocks;
  const groups = ((headBlocks - 1) * blockSize) / descriptorSize;
  return Math.min(groups * blocksPerGroup, maxBlocks);
}

export interface CapacityRequest extends LayoutRequest {
  readonly size: Ext4Size;
}

/**
 * The layout of the size that the options ask for.
 *
 * @throws {Ext4Error} EXT4_SIZE_TOO_SMALL for a fixed size that does not do, EXT4_TOO_LARGE past what ext4 or the heads
 *   kept free can describe.
 */
export function chooseLayout(request: CapacityRequest): Layout {
  const { size, geometry, allocator } = request;
  const usedBytes = (allocator.taken() - request.droppedBlocks) * geometry.blockSize;
  switch (size.kind) {
    case "auto":
      return smallestLayout(request, autoFreeBytes(usedBytes));
    case "free":
      return smallestLayout(request, size.bytes);
    case "bytes": {
      const attempt = planLayout(request, Math.floor(size.bytes / geometry.blockSize));
      if (attempt.kind === "fits") return attempt.layout;
      const needed = neededBytes(request);
      throw new Ext4SizeError(
        `an ext4 image of ${size.bytes} bytes cannot hold the tree, which needs ${needed}`,
        needed,
      );
    }
    default:
      return size satisfies never;
  }
}

/** The least whole MiB with so many bytes available. */
function smallestLayout(request: LayoutRequest, availableBytes: number): Layout {
  const { blockSize } = request.geometry;
  const step = mebibyte / blockSize;
  const wanted = Math.ceil(availableBytes / blockSize);
  let blocks = roundUp(request.allocator.cursor() + wanted, step);
  for (;;) {
    if (blocks > maxBlocks) throw imageTooLarge(blockSize, blocks * blockSize);
    const attempt = planLayout(request, blocks);
    if (attempt.kind === "fits" && attempt.layout.availableBlocks >= wanted) return attempt.layout;
    const short = attempt.kind === "fits" ? wanted - attempt.layout.availableBlocks : attempt.short;
    if (short === Infinity) throw imageTooLarge(blockSize, blocks * blockSize);
    blocks += roundUp(Math.max(short, 1), step);
  }
}

/** Extent blocks may fall a little differently in another geometry. */
const slackBlocks = 64;

/** A fixed size in whole MiB that holds what `request` holds; its heads are other ones than the request's. */
function neededBytes(request: LayoutRequest): number {
  const { blockSize } = request.geometry;
  const step = mebibyte / blockSize;
  const payload = request.allocator.taken() + slackBlocks;
  let blocks = roundUp(payload, step);
  for (;;) {
    const geometry = boundedGeometry(blockSize, blocks);
    const attempt = planLayout({ ...request, geometry, allocator: filled(geometry, payload) }, blocks);
    if (attempt.kind === "fits") return blocks * blockSize;
    blocks += roundUp(Math.max(Math.min(attempt.short, geometry.blocksPerGroup), 1), step);
  }
}

function filled(geometry: Geometry, blocks: number): Allocator {
  const allocator = createAllocator(geometry);
  allocator.take(blocks, () => {});
  return allocator;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
