import { createDurableFile } from "@bootlayer/durable-file";
import {
  dataLength,
  type ContentShape,
  type ContentSink,
  type DirectoryNode,
  type ImageSummary,
  type ImageWriter,
} from "@bootlayer/rootfs-tree";
import { createAllocator } from "./allocator.ts";
import { boundOf, chooseGeometry } from "./capacity.ts";
import { openContentSink, type ContentTarget } from "./content-sink.ts";
import { createContents } from "./contents.ts";
import { Ext4Error } from "./errors.ts";
import { createExtentTable } from "./extent-table.ts";
import { writeMetadata, type Finished } from "./finish.ts";
import { createImageFile } from "./image-file.ts";
import { checkOptions, type Ext4Options } from "./options.ts";

export interface Ext4Summary extends ImageSummary {
  readonly blockSize: number;
  /** Inodes in the image, and those of them that are in use (ext4's own eleven counted). */
  readonly inodes: number;
  readonly inodesUsed: number;
  /** What an ordinary user finds available: `df` shows the same. 0 if the reserves take all that is free. */
  readonly availableBytes: number;
  /** 0 without a journal. */
  readonly journalBytes: number;
}

export interface Ext4ImageWriter extends ImageWriter {
  finish(root: DirectoryNode): Promise<Ext4Summary>;
}

export interface CreateExt4ImageOptions extends Partial<Ext4Options> {
  /** Once aborted, the next call throws its reason; `abort` is still the caller's to call before `finish`. */
  readonly signal?: AbortSignal;
}

/**
 * Begins an ext4 image that will appear under `path`, whole and durable, when `finish` has settled. Until then its bytes
 * are in a temporary file beside it. The features are those of Debian 12's `mke2fs -t ext4`; a node's time of
 * modification is also written as its times of access, change and creation, since nothing may come from the clock.
 *
 * Contents that the tree does not refer to are free space in the image, overwritten with zeros. A failed `finish` leaves
 * nothing; after any other failure `abort` does.
 *
 * @throws {Ext4Error} EXT4_OPTIONS_INVALID; later the writer's calls throw what their tasks name, and all of them
 *   EXT4_WRITER_STATE if called out of order.
 * @throws {DurableFileError} whenever the file system does not take what is written.
 */
export async function createExt4Image(
  path: string,
  { signal, ...given }: CreateExt4ImageOptions = {},
): Promise<Ext4ImageWriter> {
  const options = checkOptions(given);
  const geometry = chooseGeometry(options);
  const { blockSize, size } = options;
  signal?.throwIfAborted();
  const durable = await createDurableFile(path);
  const end = size.kind === "bytes" ? size.bytes : Infinity;
  const target: ContentTarget = {
    blockSize,
    maxBlocks: boundOf(geometry, size),
    allocator: createAllocator(geometry),
    extents: createExtentTable(),
    file: createImageFile(durable.handle, path, blockSize, end),
  };
  const contents = createContents();
  const givenUp = new AbortController();
  const stop = AbortSignal.any(signal ? [signal, givenUp.signal] : [givenUp.signal]);
  let finishing: Promise<Ext4Summary> | undefined;
  let state: "ready" | "stuck" | "finishing" | "over" = "ready";
  let openContents = 0;

  function openContent(shape: ContentShape): ContentSink {
    signal?.throwIfAborted();
    expectReady("openContent");
    // A content that cannot be opened leaves the writer here: nothing but `abort` may follow.
    state = "stuck";
    const sink = openContentSink(target, shape, () => openContents--);
    contents.add(shape.size, dataLength(shape));
    state = "ready";
    openContents++;
    return sink;
  }

  async function finish(root: DirectoryNode): Promise<Ext4Summary> {
    expectReady("finish");
    if (openContents > 0) throw misused("finish", `${openContents} contents under way have not been closed`);
    state = "finishing";
    finishing = layDownAndCommit(root);
    return await finishing;
  }

  async function layDownAndCommit(root: DirectoryNode): Promise<Ext4Summary> {
    try {
      stop.throwIfAborted();
      const finished = await writeMetadata(root, { options, geometry, target, contents, signal: stop });
      const bytes = size.kind === "bytes" ? size.bytes : finished.layout.blocks * blockSize;
      target.file.flush();
      await target.file.settle();
      await target.file.truncate(bytes);
      // The long wait, in which it is not yet too late to stop; `commit` finds nothing left to wait for.
      await target.file.sync();
      stop.throwIfAborted();
      await durable.commit();
      return summary(finished, bytes);
    } catch (error) {
      await discard();
      throw error;
    } finally {
      state = "over";
    }
  }

  async function abort(): Promise<void> {
    givenUp.abort(
      new Ext4Error("EXT4_WRITER_STATE", `the ext4 image ${path} was given up`, "begin a new image"),
    );
    // `finish` cleans up after itself; where it has given the image its name already, it is too late.
    if (finishing) await finishing.catch(() => {});
    else if (state !== "over") {
      state = "over";
      await discard();
    }
  }

  /** The file is closed only when nothing more is being written back. */
  async function discard(): Promise<void> {
    await target.file.settle().catch(() => {});
    await durable.discard();
  }

  function expectReady(call: string): void {
    if (state === "ready") return;
    const why = {
      stuck: "a content could not be opened",
      finishing: "finish was called",
      over: "the image is finished or was given up",
    }[state];
    throw misused(call, why);
  }

  function misused(call: string, why: string): Ext4Error {
    return new Ext4Error(
      "EXT4_WRITER_STATE",
      `${call} of the ext4 image ${path}: ${why}`,
      "open and close contents, then finish once",
    );
  }

  function summary({ layout, dropped, lastInode }: Finished, bytes: number): Ext4Summary {
    return {
      bytes,
      dataRegions: target.file.dataRegions(),
      contentDropped: dropped.bytes,
      blockSize,
      inodes: layout.inodesPerGroup * layout.groups,
      inodesUsed: lastInode,
      availableBytes: Math.max(layout.availableBlocks, 0) * blockSize,
      journalBytes: layout.journal.reduce((sum, { length }) => sum + length, 0) * blockSize,
    };
  }

  return { maxOpenContents: Infinity, openContent, finish, abort };
}
