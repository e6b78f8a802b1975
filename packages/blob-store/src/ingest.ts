import { open, rm, type FileHandle } from "node:fs/promises";
import { DurableFileError, fileError } from "@bootlayer/durable-file";
import { ImageSpecError, verifyBlob } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { commitBlob } from "./commit-blob.ts";
import type { StoreEvent } from "./events.ts";
import { createGrowth, readGrowing, type Growth } from "./growing-blob.ts";
import { adoptPartial, claimPartial, releasePartial } from "./partial.ts";
import { hasBlob, type BlobName } from "./read-blob.ts";
import { pause } from "./until-aborted.ts";
import { writeChunks } from "./write-chunks.ts";

/**
 * Gives a blob's bytes from `offset` on. It heeds the signal, and uses a chunk's memory again only once the next one
 * was asked for.
 */
export type OpenSource = (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
  /** Whether an error of a source that was opened above 0 says that it cannot begin there: then it is opened at 0. */
  readonly isOffsetRefused?: ((error: unknown) => boolean) | undefined;
}

/** How a blob came. */
export interface IngestResult {
  /** Bytes that the source gave. */
  readonly downloadedBytes: number;
  /** Where it went on from what an interrupted ingest had left; 0 for a blob that was brought from its first byte. */
  readonly resumedAt: number;
  /** Whether the blob was there, or another ingest brought it. */
  readonly cached: boolean;
}

/** A blob on its way in. */
export interface BlobIngest {
  /** Settles when the blob is in its place, on disk; rejects as `ingestBlob` says. */
  readonly complete: Promise<IngestResult>;
  /**
   * The blob from its first byte, while it arrives. Ends only when the blob has proved right; until then nothing may be
   * trusted. The ingest does not wait for readers: they read behind it from its file. Bytes that an interrupted ingest
   * left, and those that another process brings, are given only once the blob is in its place. A chunk's memory is used
   * again when the next one is asked for.
   *
   * @throws what the ingest rejects with; the reader's own signal's reason when aborted.
   */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * Brings a blob into the store. Its bytes go to a file of this ingest's own and are checked as they come; only when they
 * have proved right and are on disk does the file get the blob's name, which it never takes from another. So whoever
 * sees a blob sees all of it, after a kill or a power loss too.
 *
 * Where the blob is there already the source is not opened. While another living process, or another ingest of this one,
 * brings it, this one waits, and takes over if that one dies or fails. What an interrupted ingest left, of this or an
 * earlier process, is hashed again and the source opened behind it; if the blob then proves wrong it is brought once more
 * from the first byte. Something of another size that has the blob's name is moved to the quarantine.
 *
 * @throws {ImageSpecError} BLOB_SIZE, BLOB_DIGEST. @throws {DurableFileError} FILE_NO_SPACE and others. After either
 * nothing is left. Whatever the source throws, and the signal's reason when aborted: then what came is left for the next
 * ingest of this blob, or for `collectGarbage`.
 */
export async function ingestBlob(
  store: BlobStore,
  descriptor: BlobName,
  source: OpenSource,
  options: IngestOptions = {},
): Promise<IngestResult> {
  return bring({ store, descriptor, source, growth: createGrowth(), ...options });
}

/** The same for a document that is at hand. */
export async function ingestBytes(
  store: BlobStore,
  descriptor: BlobName,
  bytes: Uint8Array,
  options: Pick<IngestOptions, "signal"> = {},
): Promise<IngestResult> {
  async function* rest(offset: number): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(offset);
  }
  return ingestBlob(store, descriptor, rest, options);
}

/** The same for a blob that is read while it arrives. A failure that nobody waits for is no unhandled rejection. */
export function startIngest(
  store: BlobStore,
  descriptor: BlobName,
  source: OpenSource,
  options: IngestOptions = {},
): BlobIngest {
  const growth = createGrowth();
  const complete = bring({ store, descriptor, source, growth, ...options });
  complete.then(growth.end, growth.end);
  return { complete, read: (signal) => readGrowing(store, descriptor, growth, complete, signal) };
}

interface Ingest extends IngestOptions {
  readonly store: BlobStore;
  readonly descriptor: BlobName;
  readonly source: OpenSource;
  readonly growth: Growth;
}

const waitMilliseconds = { least: 2, most: 200 };

async function bring(ingest: Ingest): Promise<IngestResult> {
  const { store, descriptor, signal, onEvent } = ingest;
  const { digest } = descriptor;
  const there = { downloadedBytes: 0, resumedAt: 0, cached: true };
  for (let round = 1; ; round++) {
    signal?.throwIfAborted();
    if (await hasBlob(store, descriptor)) return there;
    const claim = await claimPartial(store, digest);
    if (claim.kind === "claimed") {
      if (!(await hasBlob(store, descriptor))) return write(ingest, claim.path);
      await rm(claim.path, { force: true });
      return there;
    }
    if (round === 2) onEvent?.({ kind: "ingest-waiting", digest, processId: claim.processId });
    // By chance, so that two that took their claims back do not meet again for ever.
    const longest = Math.min(waitMilliseconds.most, 10 * round);
    await pause(waitMilliseconds.least + Math.random() * longest, signal);
  }
}

/** Fills the claimed file and gives it the blob's name. */
async function write(ingest: Ingest, claim: string): Promise<IngestResult> {
  const { store, descriptor, onEvent } = ingest;
  const { digest, size } = descriptor;
  let handle: FileHandle | undefined;
  try {
    const resumedAt = await adoptPartial(store, descriptor, claim);
    handle = await open(claim, "r+").catch((cause: unknown) => {
      throw fileError(`write ${claim}`, cause);
    });
    if (resumedAt > 0) onEvent?.({ kind: "ingest-resumed", digest, bytes: resumedAt, totalBytes: size });
    const filled = await fill(ingest, handle, claim, resumedAt);
    await commitBlob({ store, descriptor, path: claim, handle, signal: ingest.signal });
    return { ...filled, cached: false };
  } catch (error) {
    await handle?.close().catch(() => {});
    const isOfNoUse = error instanceof ImageSpecError || error instanceof DurableFileError;
    if (!isOfNoUse) await releasePartial(store, digest, claim);
    else await rm(claim, { force: true });
    throw error;
  }
}

async function fill(
  { descriptor, source, growth, signal, onEvent, isOffsetRefused }: Ingest,
  handle: FileHandle,
  path: string,
  resumedAt: number,
): Promise<Pick<IngestResult, "downloadedBytes" | "resumedAt">> {
  const { digest, size } = descriptor;
  const what = `blob ${digest}`;
  let downloadedBytes = 0;

  async function* arriving(offset: number): AsyncGenerator<Uint8Array> {
    for await (const chunk of source(offset, signal ?? new AbortController().signal)) {
      signal?.throwIfAborted();
      downloadedBytes += chunk.length;
      yield chunk;
    }
  }

  if (resumedAt > 0) {
    try {
      const whole = concatenated(leftBytes(handle, resumedAt, what, signal), arriving(resumedAt));
      await writeChunks(handle, verifyBlob(whole, descriptor), what, { from: resumedAt });
      return { downloadedBytes, resumedAt };
    } catch (error) {
      signal?.throwIfAborted();
      const isWrong = error instanceof ImageSpecError && /^BLOB_(DIGEST|SIZE)$/.test(error.code);
      if (!isWrong && isOffsetRefused?.(error) !== true) throw error;
      onEvent?.({ kind: "ingest-restarted", digest, totalBytes: size });
      await handle.truncate(0);
    }
  }
  growth.begin(path);
  await writeChunks(handle, verifyBlob(arriving(0), descriptor), what, { onWritten: growth.advance });
  return { downloadedBytes, resumedAt: 0 };
}

/** What an interrupted ingest left, from the first byte. */
async function* leftBytes(
  handle: FileHandle,
  length: number,
  what: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(length, 2 ** 20));
  for (let position = 0; position < length;) {
    signal?.throwIfAborted();
    const wanted = Math.min(buffer.length, length - position);
    const { bytesRead } = await handle.read(buffer, 0, wanted, position).catch((cause: unknown) => {
      throw fileError(`read ${what}`, cause);
    });
    // Somebody has cut it: verifyBlob finds too few bytes, and it is brought from the start.
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* concatenated(...parts: readonly AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* part;
}
