import type { ContentShape } from "@bootlayer/rootfs-tree";
import { SquashfsError } from "./errors.ts";

/** @throws {SquashfsError} SQUASHFS_CONTENT_INVALID if the shape contradicts itself. */
export function checkShape({ size, dataRegions }: ContentShape): void {
  if (!Number.isSafeInteger(size) || size <= 0) throw contentInvalid(`has ${size} bytes`);
  let end = 0;
  for (const { offset, length } of dataRegions ?? []) {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || length <= 0 || offset < end)
      throw contentInvalid(`has a data region of ${length} bytes at ${offset} after one that ends at ${end}`);
    end = offset + length;
  }
  if (end > size) throw contentInvalid(`has data up to ${end} but only ${size} bytes`);
}

export function contentInvalid(what: string): SquashfsError {
  return new SquashfsError(
    "SQUASHFS_CONTENT_INVALID",
    `a file's content ${what}`,
    "announce the size and data regions that are then written",
  );
}
