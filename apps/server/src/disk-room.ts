import { opendir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "@bootlayer/durable-file";
import { ServerError } from "./errors.ts";
import type { ServerSettings } from "./settings.ts";

/** Kept free for the database, the log and whatever else has to go on. */
const reserveBytes = 256 * 2 ** 20;
const watchMilliseconds = 2000;
/** To count a store with its thousands of files takes longer than to ask the file system. */
const countedMilliseconds = 10_000;

/** What the server may still write to its store: up to its quota, and never the last of the file system. */
export interface DiskRoom {
  /** That there is room for so many bytes more beside what is promised. @throws {ServerError} QUOTA_DISK. */
  readonly check: RoomCheck;
  /**
   * The same, and promises them to a build until it ends. What the build has written by then counts beside its promise: with little room
   * left, builds are refused a little early.
   *
   * @throws {ServerError} QUOTA_DISK.
   */
  reserve(bytes: number): Promise<Disposable>;
  /** Calls once, when there is no room left at all, whoever has taken it: an estimate may be wrong. */
  watch(onFull: (error: ServerError) => void): Disposable;
}
export type RoomCheck = (bytes: number) => Promise<void>;

export interface DiskRoomOptions {
  /** How many bytes there are for more; for tests. */
  readonly measure?: () => Promise<number>;
  readonly watchMilliseconds?: number;
}

export function openDiskRoom(
  settings: Pick<ServerSettings, "store" | "limits">,
  { measure = measureRoom(settings), watchMilliseconds: interval = watchMilliseconds }: DiskRoomOptions = {},
): DiskRoom {
  const promises = new Map<object, number>();
  const promised = (): number => [...promises.values()].reduce((sum, bytes) => sum + bytes, 0);

  async function check(bytes: number): Promise<void> {
    const left = (await measure()) - promised();
    if (bytes > left || left <= 0) throw full(bytes, left);
  }

  return {
    check,
    async reserve(bytes) {
      const promise = {};
      const room = await measure();
      // From here on nothing is waited for: of two that ask at once the second sees the first's promise.
      const left = room - promised();
      if (bytes > left || left <= 0) throw full(bytes, left);
      promises.set(promise, bytes);
      return { [Symbol.dispose]: () => void promises.delete(promise) };
    },
    watch(onFull) {
      let isOver = false;
      const timer = setInterval(() => {
        measure().then(
          (room) => {
            if (isOver || room > 0) return;
            isOver = true;
            onFull(full(0, room));
          },
          // Who writes finds out for itself what is wrong with the file system.
          () => {},
        );
      }, interval);
      timer.unref();
      return {
        [Symbol.dispose]() {
          isOver = true;
          clearInterval(timer);
        },
      };
    },
  };
}

/** Work that writes so many bytes, as a rule; it ends early when the disk is full all the same. @throws {ServerError} QUOTA_DISK. */
export async function withRoom<Result>(
  room: DiskRoom,
  bytes: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using _promise = await room.reserve(bytes);
  const filling = new AbortController();
  using _watch = room.watch((error) => filling.abort(error));
  try {
    return await work(AbortSignal.any([signal, filling.signal]));
  } catch (error) {
    if (!signal.aborted) filling.signal.throwIfAborted();
    throw error;
  }
}

/**
 * What a build will write at most, as a rule, by the sizes of its image's layers: the blobs themselves, and a disk of their contents,
 * which compression makes a third of; squashfs compresses them again.
 */
export function estimateBuildBytes(
  layers: readonly { readonly size: number }[],
  format: "ext4" | "squashfs",
): number {
  const compressed = layers.reduce((sum, { size }) => sum + size, 0);
  return Math.ceil(compressed * (format === "ext4" ? 1 + 3 : 1 + 1.25));
}

function full(asked: number, left: number): ServerError {
  const wanted = asked > 0 ? `room for about ${asked} bytes` : "more room";
  return new ServerError(
    "QUOTA_DISK",
    `the server's disk has no ${wanted}: ${Math.max(0, left)} bytes are left`,
    "collect garbage, or remove images and disks that are not needed",
  );
}

function measureRoom({ store, limits }: Pick<ServerSettings, "store" | "limits">): () => Promise<number> {
  let counted: { readonly bytes: number; readonly at: number } | undefined;

  return async () => {
    const { bavail, bsize } = await statfs(store).catch((cause: unknown) => {
      throw fileError(`ask for the free space of ${store}`, cause);
    });
    const free = bavail * bsize - reserveBytes;
    if (limits.diskBytes === undefined) return free;
    if (counted === undefined || Date.now() - counted.at > countedMilliseconds)
      counted = { bytes: await bytesUnder(store), at: Date.now() };
    return Math.min(free, limits.diskBytes - counted.bytes);
  };
}

/** What files take, holes apart. Files come and go while they are counted. */
async function bytesUnder(directory: string): Promise<number> {
  let bytes = 0;
  const entries = await opendir(directory, { recursive: true }).catch(() => []);
  for await (const entry of entries) {
    if (!entry.isFile()) continue;
    const { blocks } = await stat(join(entry.parentPath, entry.name)).catch(() => ({ blocks: 0 }));
    bytes += blocks * 512;
  }
  return bytes;
}
