import { lstat, rm } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import type { Digest } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { StoreError } from "./errors.ts";
import type { StoreEvent } from "./events.ts";
import { readIndexFile } from "./index-file.ts";
import { readLeases } from "./lease.ts";
import { listLeavings, type Leaving } from "./leavings.ts";
import { listBlobs, type ListedBlob } from "./list-blobs.ts";
import { nothingReached, reach, type Reached } from "./reachable.ts";
import { findReferrers, reachReferrers, type Referrers } from "./referrers.ts";
import { withStoreLock } from "./store-lock.ts";

export interface GarbageOptions {
  /** Removes nothing and answers as if it had. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** What was written later than this ago stays: other tools take no leases. Default: one hour. */
  readonly graceMilliseconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

export interface GarbageReport {
  /** Blobs that nothing needed. */
  readonly removed: readonly { readonly digest: Digest; readonly size: number }[];
  /** Ingest files, leases and claims of processes that are gone. */
  readonly removedLeavings: readonly { readonly path: string; readonly size: number }[];
  /** Of both. */
  readonly freedBytes: number;
  readonly keptBlobs: number;
  readonly keptBytes: number;
  /** Of those that are kept, what nothing needs: it was written too late to go. */
  readonly youngBlobs: number;
  readonly youngBytes: number;
}

const defaultGraceMilliseconds = 60 * 60_000;
/** Whoever names an image or takes a lease waits for so many removals, or so long. */
const batchBlobs = 100;
const batchMilliseconds = 250;

/**
 * The instant, in milliseconds since 1970, after which what was written is in its grace. With none that is all that comes after this
 * call: a file's time has a fraction of a millisecond, which the clock leaves out.
 */
export function graceCutoff(graceMilliseconds: number): number {
  return Date.now() + 1 - graceMilliseconds;
}

/**
 * Removes the blobs that no image, living lease or grace keeps, and what killed processes left. What keeps a blob: each
 * entry of index.json, named or not, and each digest of a lease, with all that is below it; and for each manifest that is
 * kept, the manifests whose `subject` it is. Layers of several images count once.
 *
 * Many processes may pull meanwhile, and collect too. Blobs are removed a few at a time under the lock under which names
 * and leases are made, after a new look at both: a blob that an image or lease made meanwhile needs, stays.
 *
 * @throws {StoreError} STORE_OPTIONS, STORE_INVALID, STORE_BUSY. @throws {ImageSpecError} DOCUMENT_INVALID and others for
 * an index.json that is damaged: then nothing is removed. @throws {DurableFileError}. The signal's reason when aborted;
 * what was removed by then was garbage.
 */
export async function collectGarbage(
  store: BlobStore,
  { dryRun = false, graceMilliseconds = defaultGraceMilliseconds, signal, onEvent }: GarbageOptions = {},
): Promise<GarbageReport> {
  if (!(graceMilliseconds >= 0))
    throw new StoreError("STORE_OPTIONS", `${graceMilliseconds} milliseconds are no grace`, "give 0 or more");
  signal?.throwIfAborted();
  const youngest = graceCutoff(graceMilliseconds);
  const blobs = await Array.fromAsync(listBlobs(store));
  const reached = nothingReached();
  await reachKept(store, reached, signal);
  const unnamed = blobs.filter(({ digest }) => !reached.digests.has(digest));
  const referrers = await findReferrers(store, unnamed, signal);
  await reachReferrers(store, referrers, reached, signal);

  const removed: ListedBlob[] = [];
  const isUnneeded = ({ digest }: ListedBlob): boolean => !reached.digests.has(digest);
  const candidates = unnamed.filter((blob) => isUnneeded(blob) && blob.time <= youngest);
  const sweep: Sweep = { store, reached, referrers, youngest, dryRun };
  while (candidates.length > 0) {
    signal?.throwIfAborted();
    for (const blob of await withStoreLock(store, () => removeSome(sweep, candidates), signal)) {
      removed.push(blob);
      onEvent?.({ kind: "blob-removed", digest: blob.digest, bytes: blob.size });
    }
  }
  const removedLeavings = await removeLeavings(store, youngest, dryRun);

  const young = unnamed.filter((blob) => isUnneeded(blob) && blob.time > youngest);
  const freedBytes = sizeOf(removed) + sizeOf(removedLeavings);
  return {
    removed: removed.map(({ digest, size }) => ({ digest, size })),
    removedLeavings,
    freedBytes,
    keptBlobs: blobs.length - removed.length,
    keptBytes: sizeOf(blobs) - sizeOf(removed),
    youngBlobs: young.length,
    youngBytes: sizeOf(young),
  };
}

interface Sweep {
  readonly store: BlobStore;
  readonly reached: Reached;
  readonly referrers: Referrers;
  readonly youngest: number;
  readonly dryRun: boolean;
}

/** Under the store's lock. Takes from the candidates; answers with those that are removed. */
async function removeSome(
  { store, reached, referrers, youngest, dryRun }: Sweep,
  candidates: ListedBlob[],
): Promise<ListedBlob[]> {
  await reachKept(store, reached);
  await reachReferrers(store, referrers, reached);
  const removed: ListedBlob[] = [];
  const deadline = performance.now() + batchMilliseconds;
  for (const blob of candidates.splice(0, batchBlobs)) {
    if (reached.digests.has(blob.digest)) continue;
    if (performance.now() > deadline) {
      candidates.push(blob);
      continue;
    }
    const found = await lstat(blob.path).catch(() => undefined);
    // Removed meanwhile, and perhaps brought again.
    if (!found || found.mtimeMs > youngest) continue;
    if (!dryRun) await remove(blob.path);
    removed.push(blob);
  }
  return removed;
}

async function reachKept(store: BlobStore, reached: Reached, signal?: AbortSignal): Promise<void> {
  const { held } = await readLeases(store);
  const leased = [...held].map((digest) => ({ digest }));
  await reach(store, [...(await readIndexFile(store)), ...leased], reached, signal);
}

async function removeLeavings(store: BlobStore, youngest: number, dryRun: boolean): Promise<Leaving[]> {
  const leavings = await listLeavings(store, youngest);
  if (!dryRun) for (const { path } of leavings) await remove(path);
  return leavings;
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true, recursive: true }).catch((cause: unknown) => {
    throw fileError(`remove ${path}`, cause);
  });
}

function sizeOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
