import { createDurableFile } from "@bootlayer/durable-file";
import type {
  ByteString,
  ContentShape,
  ContentSink,
  DirectoryNode,
  ImageSummary,
  ImageWriter,
} from "@bootlayer/rootfs-tree";
import { createBlockWords } from "./block-words.ts";
import { createBlockWriter } from "./block-writer.ts";
import { createCompressorOfThisThread, createCompressPool } from "./compress/compress-pool.ts";
import { createCompressor } from "./compress/create-compressor.ts";
import { openContentSink, type ContentTarget } from "./content-sink.ts";
import { createContents } from "./contents.ts";
import { createDuplicates } from "./duplicates.ts";
import { SquashfsError } from "./errors.ts";
import { headLength, writeMetadata, type Finished } from "./finish.ts";
import { createFragments } from "./fragments.ts";
import { createImageFile } from "./image-file.ts";
import { checkOptions, type SquashfsOptions } from "./options.ts";

export interface SquashfsSummary extends ImageSummary {
  readonly blockSize: number;
  /** Length of the image without the zeros at its end. */
  readonly bytesUsed: number;
  readonly inodes: number;
  /** Distinct owners: uids and gids together. */
  readonly ids: number;
  /** Distinct sets of extended attributes. */
  readonly xattrSets: number;
  /** Blocks of data, those that files share included; those of zeros are not stored. */
  readonly compressedBlocks: number;
  /** Blocks of data that did not shrink, or were not to be compressed. */
  readonly rawBlocks: number;
  /** Blocks that ends of files share. */
  readonly fragments: number;
  /** Contents that another had the bytes of: they were not stored again. */
  readonly duplicateFiles: number;
  readonly duplicateBytes: number;
  /** Paths of nodes whose POSIX ACLs are not in the image: squashfs has no place for them. */
  readonly aclsDropped: readonly ByteString[];
}

export interface SquashfsImageWriter extends ImageWriter {
  finish(root: DirectoryNode): Promise<SquashfsSummary>;
}

/**
 * Blocks in memory at once: what each thread is at work on and goes on with, and what waits behind a block that takes long,
 * since they are written in order. Fewer let threads go idle, more only take memory.
 */
const underWayPerThread = 3;
const underWayBeside = 4;

/**
 * Begins a squashfs image that will appear under `path`, whole and durable, when `finish` has settled. Until then its
 * bytes are in a temporary file beside it. The same calls make the same bytes, whatever the threads do.
 *
 * One content at a time may be open, since a file's blocks lie together. Contents that the tree does not refer to stay in
 * the image, where nothing refers to them. Once `signal` is aborted the next call throws its reason; `abort` is still the
 * caller's to call before `finish`. A failed `finish` leaves nothing; after any other failure `abort` does.
 *
 * @throws {SquashfsError} SQUASHFS_OPTIONS_INVALID, SQUASHFS_COMPRESSOR_MISSING; later the writer's calls throw what their
 *   tasks name, all of them SQUASHFS_WORKER if a thread fails and SQUASHFS_WRITER_STATE if called out of order.
 * @throws {DurableFileError} whenever the file system does not take what is written.
 */
export async function createSquashfsImage(
  path: string,
  given: SquashfsOptions = {},
): Promise<SquashfsImageWriter> {
  const options = checkOptions(given);
  const { compression, blockSize, threads, signal } = options;
  signal?.throwIfAborted();
  const compressor = await createCompressor(compression, blockSize);
  const durable = await createDurableFile(path);
  const givenUp = new AbortController();
  const stop = AbortSignal.any(signal ? [signal, givenUp.signal] : [givenUp.signal]);

  const file = createImageFile(durable.handle, path);
  const pool =
    threads > 0
      ? createCompressPool(threads, { compression, blockSize })
      : createCompressorOfThisThread(compressor);
  const writer = createBlockWriter({
    pool,
    file,
    blockSize,
    maxUnderWay: underWayPerThread * threads + underWayBeside,
    signal: stop,
  });
  const words = createBlockWords(blockSize);
  const contents = createContents(words);
  const fragments = createFragments(writer, {
    blockSize,
    compress: !options.uncompressed.fragments,
    deduplicate: options.deduplicate,
  });
  const target: ContentTarget = {
    blockSize,
    writer,
    words,
    contents,
    compressData: !options.uncompressed.data,
    fragments: options.fragments ? fragments : undefined,
    duplicates: options.deduplicate ? createDuplicates() : undefined,
    zeroBlock: Buffer.alloc(blockSize),
  };
  // The superblock comes last; the blocks begin behind its place.
  file.append(Buffer.alloc(headLength(compressor)));
  let finishing: Promise<SquashfsSummary> | undefined;
  let state: "ready" | "open" | "stuck" | "finishing" | "over" = "ready";

  function openContent(shape: ContentShape): ContentSink {
    signal?.throwIfAborted();
    expectReady("openContent");
    // A content that cannot be opened leaves the writer here: nothing but `abort` may follow.
    state = "stuck";
    const sink = openContentSink(target, shape, () => {
      if (state === "open") state = "ready";
    });
    state = "open";
    return sink;
  }

  async function finish(root: DirectoryNode): Promise<SquashfsSummary> {
    expectReady("finish");
    state = "finishing";
    finishing = layDownAndCommit(root);
    return await finishing;
  }

  async function layDownAndCommit(root: DirectoryNode): Promise<SquashfsSummary> {
    try {
      fragments.flush();
      await writer.drain();
      // Their memory is not needed any more, while the metadata's is.
      await pool.close();
      const finished = await writeMetadata(root, {
        options,
        description: compressor,
        compressor,
        contents,
        fragments: fragments.blocks(),
        output: file,
        signal: stop,
      });
      const bytes = file.position();
      await file.flush();
      await file.settle();
      // The long wait, in which it is not yet too late to stop; `commit` finds nothing left to wait for.
      await file.sync();
      stop.throwIfAborted();
      await durable.commit();
      return summary(finished, bytes);
    } finally {
      // After a commit there is nothing left to discard.
      await discard();
      state = "over";
    }
  }

  async function abort(): Promise<void> {
    givenUp.abort(
      new SquashfsError(
        "SQUASHFS_WRITER_STATE",
        `the squashfs image ${path} was given up`,
        "begin a new image",
      ),
    );
    // `finish` cleans up after itself; where it has given the image its name already, it is too late.
    if (finishing) await finishing.catch(() => {});
    else if (state !== "over") {
      state = "over";
      await discard();
    }
  }

  /** The file is closed only when nothing more is being written. */
  async function discard(): Promise<void> {
    await pool.close();
    await file.settle().catch(() => {});
    await durable.discard();
  }

  function expectReady(call: string): void {
    if (state === "ready") return;
    const why = {
      open: "a content under way has not been closed",
      stuck: "a content could not be opened",
      finishing: "finish was called",
      over: "the image is finished or was given up",
    }[state];
    throw new SquashfsError(
      "SQUASHFS_WRITER_STATE",
      `${call} of the squashfs image ${path}: ${why}`,
      "open and close one content after another, then finish once",
    );
  }

  function summary({ unclaimed, ...finished }: Finished, bytes: number): SquashfsSummary {
    const { files, bytes: duplicateBytes } = contents.duplicates();
    return {
      bytes,
      dataRegions: [{ offset: 0, length: bytes }],
      contentDropped: contents.bytesOnlyOf(unclaimed),
      blockSize,
      ...finished,
      ...writer.counts(),
      duplicateFiles: files,
      duplicateBytes,
    };
  }

  return { maxOpenContents: 1, openContent, finish, abort };
}
