import { open, type FileHandle } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import { StoreError } from "./errors.ts";
import { readBlob, type BlobName } from "./read-blob.ts";
import type { Layout } from "./layout.ts";
import { untilAborted } from "./until-aborted.ts";

const chunkBytes = 1024 * 1024;

/** How far an ingest has come, as its readers see it. Changing it costs the ingest nothing, however slow they are. */
export interface Growth {
  /** The file that grows from its first byte; absent before there is one, and where there is none to be followed. */
  readonly path: () => string | undefined;
  /** Bytes of the file that can be read. */
  readonly written: () => number;
  readonly hasEnded: () => boolean;
  /** Settles at the next change. */
  readonly changed: () => Promise<void>;
  readonly begin: (path: string) => void;
  readonly advance: (written: number) => void;
  readonly end: () => void;
}

export function createGrowth(): Growth {
  let path: string | undefined;
  let written = 0;
  let ended = false;
  let next = Promise.withResolvers<void>();

  function change(): void {
    next.resolve();
    next = Promise.withResolvers<void>();
  }

  return {
    path: () => path,
    written: () => written,
    hasEnded: () => ended,
    changed: () => next.promise,
    begin(growing) {
      path = growing;
      change();
    },
    advance(bytes) {
      written = bytes;
      change();
    },
    end() {
      ended = true;
      change();
    },
  };
}

/** The bytes of a blob behind its ingest, then from its place. See `BlobIngest`. */
export async function* readGrowing(
  layout: Layout,
  descriptor: BlobName,
  growth: Growth,
  complete: Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  while (growth.path() === undefined && !growth.hasEnded()) await untilAborted(growth.changed(), signal);
  const path = growth.path();
  const handle = path === undefined || growth.hasEnded() ? undefined : await openIfThere(path);
  if (!handle) {
    await untilAborted(complete, signal);
    yield* readBlob(layout, descriptor, signal);
    return;
  }
  try {
    yield* follow(handle, descriptor, growth, complete, signal);
  } finally {
    await handle.close();
  }
  await untilAborted(complete, signal);
}

async function* follow(
  handle: FileHandle,
  { digest, size }: BlobName,
  growth: Growth,
  complete: Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, chunkBytes));
  for (let position = 0; position < size;) {
    // A failure comes before what is left to read: it would be read in vain.
    if (growth.hasEnded()) await complete;
    while (growth.written() <= position && !growth.hasEnded()) await untilAborted(growth.changed(), signal);
    signal.throwIfAborted();
    const length = Math.min(buffer.length, growth.written() - position);
    if (length <= 0) continue;
    const { bytesRead } = await handle.read(buffer, 0, length, position).catch((cause: unknown) => {
      throw fileError(`read blob ${digest}`, cause);
    });
    if (bytesRead === 0)
      throw new StoreError(
        "STORE_BLOB_DAMAGED",
        `blob ${digest} was cut to ${position} of ${size} bytes while it arrived`,
        "get the image again",
      );
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The ingest file goes when the blob gets its name, or its ingest fails. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (cause) {
    const error = fileError(`read ${path}`, cause);
    if (error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}
