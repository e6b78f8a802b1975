import { crc32 } from "node:zlib";
import {
  dataLength,
  shapeFault,
  type ContentHandle,
  type ContentShape,
  type ContentSink,
} from "@bootlayer/rootfs-tree";
import { createBlockCutter } from "./block-cutter.ts";
import type { BlockMemory } from "./block-writer.ts";
import { createContentDigest } from "./content-digest.ts";
import type { Contents, StoredContent } from "./contents.ts";
import type { Duplicates } from "./duplicates.ts";
import { contentInvalid } from "./errors.ts";
import { openFileBlocks, type FileBlocksTarget } from "./file-blocks.ts";
import type { Fragments } from "./fragments.ts";

/** What a sink puts bytes into. */
export interface ContentTarget extends FileBlocksTarget {
  readonly blockSize: number;
  readonly contents: Contents;
  /** Absent if ends of files are to have blocks of their own. */
  readonly fragments: Fragments | undefined;
  /** Absent if the same bytes may be stored twice. */
  readonly duplicates: Duplicates | undefined;
  /** All zeros, as long as a block. */
  readonly zeroBlock: Buffer;
}

/**
 * Cuts a file into blocks and has them stored, unless another file has the same bytes. What is decided depends on the
 * bytes and on those before them, never on timing.
 *
 * @throws {SquashfsError} SQUASHFS_CONTENT_INVALID if the shape contradicts itself or the bytes contradict the shape,
 *   SQUASHFS_TOO_LARGE if the image has too many blocks, and what `BlockWriter` throws.
 */
export function openContentSink(
  target: ContentTarget,
  shape: ContentShape,
  onClose: () => void,
): ContentSink {
  const fault = shapeFault(shape);
  if (fault !== undefined) throw contentInvalid(fault);
  const { blockSize, writer, contents, fragments, duplicates, zeroBlock } = target;
  const { size } = shape;
  const dataBytes = dataLength(shape);
  const tailLength = fragments ? size % blockSize : 0;
  const wholeBlocks = Math.ceil((size - tailLength) / blockSize);
  const blocks = openFileBlocks(target, wholeBlocks);
  const known = wholeBlocks > 0 ? duplicates : undefined;
  const digest = known && createContentDigest();
  let firstBlock = 0;
  let tail: BlockMemory | undefined;
  let sparseBytes = 0;
  let closed = false;

  const cutter = createBlockCutter(shape, blockSize, {
    lend: () => writer.lend(),
    onBlock(memory, length) {
      const block = memory.subarray(0, length);
      if (zeroBlock.subarray(0, length).equals(block)) {
        writer.giveBack(memory);
        addZeros(1, length);
        return;
      }
      digest?.addBlock(block);
      // Only the last block is shorter, and then it is the tail.
      if (length === tailLength) {
        tail = memory;
        return;
      }
      if (known) begin(known, crc32(block));
      blocks.add(memory, length);
    },
    onHole: (count) => addZeros(count, count * blockSize),
  });

  function addZeros(count: number, bytes: number): void {
    if (known) begin(known, 0);
    digest?.addZeroBlocks(count);
    blocks.addZeros(count);
    sparseBytes += bytes;
  }

  function begin(table: Duplicates, checksum: number): void {
    if (blocks.run.count > 0) return;
    firstBlock = checksum;
    if (table.mayHave(size, checksum)) blocks.hold();
  }

  /** Answers how far it came before the blocks under way were too many. */
  function take(bytes: Uint8Array, from: number): number {
    let done = from;
    while (done < bytes.length && !writer.isFull()) done += cutter.take(bytes, done);
    return done;
  }

  async function takeRest(bytes: Uint8Array, from: number): Promise<void> {
    for (let done = from; done < bytes.length; done = take(bytes, done)) await writer.room();
  }

  function storeNew(): ContentHandle {
    blocks.keep();
    const end = tail && fragments?.add(tail.subarray(0, tailLength));
    if (tail) writer.giveBack(tail);
    const stored: StoredContent = {
      size,
      dataBytes,
      blocks: blocks.run.count > 0 ? blocks.run : undefined,
      fragment: end?.place,
      sparseBytes,
    };
    if (known && digest) known.add(size, firstBlock, digest.value(), stored);
    return contents.add(stored, wholeBlocks === 0 && end?.found === true);
  }

  function finish(): ContentHandle {
    const before = digest && known?.find(size, digest.value());
    if (!before) return storeNew();
    blocks.drop();
    if (tail) writer.giveBack(tail);
    return contents.add(before, true);
  }

  return {
    write(bytes) {
      if (closed) throw contentInvalid("got bytes after it was closed");
      const done = take(bytes, 0);
      return done === bytes.length ? undefined : takeRest(bytes, done);
    },
    close() {
      if (closed) throw contentInvalid("was closed twice");
      cutter.end();
      closed = true;
      const handle = finish();
      onClose();
      return handle;
    },
  };
}
