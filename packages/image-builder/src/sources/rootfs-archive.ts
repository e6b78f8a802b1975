import { dataLength, type ByteString } from "@bootlayer/rootfs-tree";
import { openSeenFile } from "./rootfs-file.ts";
import type { RootfsSnapshot, SnapshotEntry } from "./rootfs-snapshot.ts";
import { blockBytes, encodeTarHeader, padding, type TarHeaderFields } from "./tar-header.ts";

const chunkBytes = 2 ** 20;

/** Files up to this size are read before their turn comes, some at a time: opening one takes longer than reading it. */
const smallBytes = 64 * 1024;
const filesAhead = 16;

type SnapshotFile = Extract<SnapshotEntry, { kind: "file" }>;

/**
 * A snapshot as a tar archive, made as it is asked for. The same snapshot makes the same bytes, as long as its files are
 * what they were. A chunk's memory is used again when the next one is asked for.
 *
 * @throws {BuilderError} SOURCE_CHANGED. @throws {DurableFileError} FILE_DENIED, FILE_FAILED.
 */
export async function* rootfsArchive(
  { root, entries }: RootfsSnapshot,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  let filled = 0;

  /** Puts bytes behind those that are gathered; gives the chunk out whenever it is full. */
  function* gather(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + chunkBytes - filled);
      chunk.set(piece, filled);
      at += piece.length;
      filled += piece.length;
      if (filled < chunkBytes) continue;
      yield chunk;
      filled = 0;
    }
  }

  /** The same for a file's data, read straight into the chunk. */
  async function* gatherFile({ identity, regions }: SnapshotFile): AsyncGenerator<Uint8Array> {
    await using file = await openSeenFile(root, identity);
    for (const { offset, length } of regions ?? [{ offset: 0, length: identity.size }])
      for (let at = 0; at < length;) {
        signal.throwIfAborted();
        const piece = chunk.subarray(filled, filled + length - at);
        await file.read(piece, offset + at);
        at += piece.length;
        filled += piece.length;
        if (filled < chunkBytes) continue;
        yield chunk;
        filled = 0;
      }
    await file.expectUnchanged();
  }

  async function loadSmall(entry: SnapshotEntry): Promise<{ entry: SnapshotEntry; data?: Uint8Array }> {
    if (entry.kind !== "file" || entry.regions !== undefined || entry.identity.size > smallBytes)
      return { entry };
    const data = Buffer.allocUnsafe(entry.identity.size);
    await using file = await openSeenFile(root, entry.identity);
    await file.read(data, 0);
    await file.expectUnchanged();
    return { entry, data };
  }

  for await (const { entry, data } of someAhead(entries, filesAhead, loadSmall)) {
    signal.throwIfAborted();
    yield* gather(encodeTarHeader(headerOf(entry)));
    if (entry.kind !== "file") continue;
    if (data === undefined) yield* gatherFile(entry);
    else yield* gather(data);
    yield* gather(Buffer.alloc(padding(storedBytes(entry))));
  }
  yield* gather(Buffer.alloc(2 * blockBytes));
  if (filled > 0) yield chunk.subarray(0, filled);
}

function headerOf(entry: SnapshotEntry): TarHeaderFields {
  const { path, attributes } = entry;
  const common = { ...attributes, path };
  switch (entry.kind) {
    case "directory":
      return { ...common, typeflag: "5", path: (path === "" ? "./" : `${path}/`) as ByteString };
    case "file": {
      const { identity, regions } = entry;
      return {
        ...common,
        typeflag: "0",
        storedBytes: storedBytes(entry),
        sparse: regions === undefined ? undefined : { size: identity.size, regions },
      };
    }
    case "hardlink":
      return { ...common, typeflag: "1", linkTarget: entry.target, xattrs: undefined };
    case "symlink":
      return { ...common, typeflag: "2", linkTarget: entry.target };
    case "character-device":
      return { ...common, typeflag: "3", device: entry.device };
    case "block-device":
      return { ...common, typeflag: "4", device: entry.device };
    case "fifo":
      return { ...common, typeflag: "6" };
  }
}

function storedBytes({ identity, regions }: SnapshotFile): number {
  return dataLength({ size: identity.size, ...(regions === undefined ? {} : { dataRegions: regions }) });
}

/** Results in the order of the items, a few being worked for at the same time. */
async function* someAhead<Item, Result>(
  items: Iterable<Item>,
  count: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const pending: Promise<Result>[] = [];
  try {
    for (const item of items) {
      const result = work(item);
      // It may fail before it is waited for: that alone must not count as unhandled.
      result.catch(() => {});
      pending.push(result);
      const first = pending.length > count ? pending.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const result of pending) yield await result;
  } finally {
    await Promise.allSettled(pending);
  }
}
