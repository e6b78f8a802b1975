import { displayPath, type ByteString, type FileNode } from "@bootlayer/rootfs-tree";
import type { Run } from "./allocator.ts";
import { Ext4Error } from "./errors.ts";
import type { ExtentTable } from "./extent-table.ts";
import type { ImageFile } from "./image-file.ts";

/** The contents that were written, by handle, and which of them the tree uses. */
export interface Contents {
  /** Notes the next one: its length with holes, and its data's. */
  add(size: number, dataBytes: number): void;
  /** @throws {Ext4Error} EXT4_TREE_INVALID if the file's content is none of these, another's, or of another size. */
  claim(file: FileNode, path: ByteString): void;
  /** Handles that no file claimed, ascending. */
  unclaimed(): readonly number[];
  dataBytes(handle: number): number;
}

export function createContents(): Contents {
  const sizes: number[] = [];
  const dataBytes: number[] = [];
  const claimed: boolean[] = [];
  return {
    add(size, data) {
      sizes.push(size);
      dataBytes.push(data);
      claimed.push(false);
    },
    claim({ content, size }, path) {
      if (content === undefined) return;
      const fault =
        sizes[content] === undefined
          ? "has content that this image does not have"
          : sizes[content] !== size
            ? `has ${size} bytes, but its content has ${sizes[content]}`
            : claimed[content]
              ? "has the content of another file"
              : undefined;
      if (fault !== undefined)
        throw new Ext4Error("EXT4_TREE_INVALID", `${displayPath(path)} ${fault}`, "correct the tree");
      claimed[content] = true;
    },
    unclaimed: () => claimed.flatMap((used, handle) => (used ? [] : [handle])),
    dataBytes: (handle) => dataBytes[handle] ?? 0,
  };
}

export interface Dropped {
  /** Blocks that are free again, ascending. */
  readonly runs: readonly Run[];
  readonly blocks: number;
  readonly bytes: number;
}

const zeros = Buffer.alloc(1 << 20);

/**
 * Frees what no file claimed, and writes zeros over it: a file that an upper layer hides may be a secret, and free blocks
 * can be read.
 */
export function dropUnclaimed(
  contents: Contents,
  extents: ExtentTable,
  file: ImageFile,
  blockSize: number,
): Dropped {
  const runs: Run[] = [];
  let blocks = 0;
  let bytes = 0;
  for (const handle of contents.unclaimed()) {
    bytes += contents.dataBytes(handle);
    for (let extent = extents.first(handle); extent < extents.first(handle + 1); extent++) {
      const run = { start: extents.physical(extent), length: extents.length(extent) };
      runs.push(run);
      blocks += run.length;
      for (let done = 0; done < run.length * blockSize; done += zeros.length)
        file.write(
          run.start * blockSize + done,
          zeros.subarray(0, Math.min(zeros.length, run.length * blockSize - done)),
        );
    }
  }
  return { runs, blocks, bytes };
}
