import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createAllocator } from "./allocator.ts";
import { autoFreeBytes, chooseGeometry, chooseLayout, type CapacityRequest } from "./capacity.ts";
import { Ext4SizeError } from "./errors.ts";
import type { BlockSize } from "./geometry.ts";
import { checkOptions, type Ext4Size } from "./options.ts";

function request(blockSize: BlockSize, size: Ext4Size, blocks: number, inodes: number): CapacityRequest {
  const geometry = chooseGeometry(checkOptions({ blockSize, size }));
  const allocator = createAllocator(geometry);
  allocator.take(blocks, () => {});
  return { size, geometry, allocator, droppedBlocks: 0, inodes, journal: true };
}

const blockSizes = fc.constantFrom<BlockSize>(1024, 2048, 4096);

test.prop([blockSizes, fc.nat(3_000_000), fc.nat(2_000_000)])(
  "an automatic size has its head-room and its inodes",
  (blockSize, blocks, inodes) => {
    const layout = chooseLayout(request(blockSize, { kind: "auto" }, blocks, inodes));
    expect(layout.availableBlocks * blockSize).toBeGreaterThanOrEqual(autoFreeBytes(blocks * blockSize));
    expect(layout.inodesPerGroup * layout.groups).toBeGreaterThanOrEqual(inodes);
    expect(layout.inodesPerGroup).toBeLessThanOrEqual(8 * blockSize);
    expect(layout.end).toBeLessThanOrEqual(layout.blocks);
  },
);

test.prop([blockSizes, fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(1_000_000), fc.nat(500_000)])(
  "a fixed size is kept, or refused with one that does",
  (blockSize, bytes, blocks, inodes) => {
    const size = { kind: "bytes", bytes } as const;
    try {
      expect(chooseLayout(request(blockSize, size, blocks, inodes)).blocks * blockSize).toBeLessThanOrEqual(
        bytes,
      );
    } catch (error) {
      if (!(error instanceof Ext4SizeError)) throw error;
      expect(error.neededBytes).toBeGreaterThan(bytes - 2 ** 20);
      const enough = { kind: "bytes", bytes: error.neededBytes } as const;
      expect(chooseLayout(request(blockSize, enough, blocks, inodes)).freeBlocks).toBeGreaterThanOrEqual(0);
    }
  },
);

test("past what the heads can describe an automatic size is refused", () => {
  expect(() => chooseLayout(request(1024, { kind: "auto" }, 33_000_000, 11))).toThrow(
    expect.objectContaining({ code: "EXT4_TOO_LARGE" }),
  );
});

test("a size whose descriptors would fill the groups is refused at once", () => {
  expect(() =>
    chooseGeometry(checkOptions({ blockSize: 1024, size: { kind: "bytes", bytes: 2 ** 41 } })),
  ).toThrow(expect.objectContaining({ code: "EXT4_TOO_LARGE" }));
});
