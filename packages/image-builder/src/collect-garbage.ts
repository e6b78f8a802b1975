import {
  collectGarbage as collectBlobs,
  listImages,
  openBlobStore,
  readDocument,
  type BlobStore,
  type GarbageReport as BlobGarbageReport,
  graceCutoff,
} from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";
import type { Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { readDocumentTree } from "./document-tree.ts";
import { sweepArtifacts, type SweptArtifact } from "./sweep-artifacts.ts";

export interface GarbageRequest {
  /** Removes nothing and answers as if it had. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** What was written or used later than this ago stays. Default: one hour. */
  readonly graceMilliseconds?: number | undefined;
}

export interface GarbageReport extends BlobGarbageReport {
  /** Finished disks and initrds of images that the store has no name for. */
  readonly removedArtifacts: readonly SweptArtifact[];
}

const defaultGraceMilliseconds = 60 * 60_000;

/**
 * Removes from the store what no named image needs: blobs, what killed processes left, and finished disks and initrds.
 * Builds, pulls and pushes under way, in any process, keep what they use.
 *
 * @throws {StoreError} STORE_OPTIONS, STORE_INVALID, STORE_BUSY. @throws {BuilderError} CANCELLED.
 */
export async function collectGarbage(
  { dryRun = false, graceMilliseconds = defaultGraceMilliseconds }: GarbageRequest,
  { store: directory, signal: caller, onEvent }: Pick<Environment, "store" | "signal" | "onEvent">,
): Promise<GarbageReport> {
  return withCancellation(caller, async (signal) => {
    const store = await openBlobStore(directory);
    const blobs = await collectBlobs(store, { dryRun, graceMilliseconds, signal, onEvent });
    const named = await namedManifests(store, signal);
    const removedArtifacts = await sweepArtifacts(store.directory, {
      isNeeded: (manifest) => named.has(manifest),
      youngest: graceCutoff(graceMilliseconds),
      dryRun,
      signal,
    });
    const freedBytes = removedArtifacts.reduce((sum, { bytes }) => sum + bytes, blobs.freedBytes);
    return { ...blobs, freedBytes, removedArtifacts };
  });
}

async function namedManifests(store: BlobStore, signal: AbortSignal): Promise<ReadonlySet<Digest>> {
  const manifests = new Set<Digest>();
  for (const { descriptor } of await listImages(store)) {
    manifests.add(descriptor.digest);
    // Of an index some platforms' manifests may not be there: those that are cannot be told from it then.
    const read = (child: typeof descriptor): Promise<Uint8Array> => readDocument(store, child, signal);
    const tree = await readDocumentTree(descriptor, read).catch(() => []);
    signal.throwIfAborted();
    for (const document of tree) manifests.add(document.descriptor.digest);
  }
  return manifests;
}
