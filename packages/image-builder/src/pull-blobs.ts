import { startIngest, type BlobIngest, type BlobStore, type IngestResult } from "@bootlayer/blob-store";
import type { Descriptor } from "@bootlayer/image-spec";
import { fetchBlob, RegistryError, type Reference, type RegistryClient } from "@bootlayer/registry-client";
import { concurrently } from "./concurrently.ts";
import type { BuildEvent } from "./events.ts";

/**
 * Blobs that are asked for at the same time: the two layers that the flattener reads at once, and one ahead of them. More
 * would share the line with those that are wanted first.
 */
const concurrentBlobs = 3;

export interface PullContext {
  readonly store: BlobStore;
  readonly client: RegistryClient;
  readonly reference: Reference;
  readonly onEvent: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
  /** Settles when the blobs are held in the store: nothing is asked for before. */
  readonly ready: Promise<unknown>;
}

export interface PulledBlob extends IngestResult {
  readonly descriptor: Descriptor;
}

/** Blobs on their way from a registry into a store. */
export interface BlobPull {
  /**
   * One of the blobs from its first byte, while it arrives. Its size is proved, its digest is not: whoever reads it
   * checks it, and trusts nothing before `complete`.
   */
  read(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Settles when all are in the store, verified and on disk; rejects with what went wrong first, which stops the others. */
  readonly complete: Promise<readonly PulledBlob[]>;
}

/** Brings blobs into a store, asked for in the order given, a few at a time, each once. */
export function pullBlobs(context: PullContext, descriptors: readonly Descriptor[]): BlobPull {
  const blobs = [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
  const ingests = new Map(blobs.map(({ digest }) => [digest, Promise.withResolvers<BlobIngest>()]));

  async function pullAll(): Promise<readonly PulledBlob[]> {
    const pulled: PulledBlob[] = [];
    // An ingest looks for what is there before it asks for the rest: the next one must not overtake it meanwhile.
    let lastTurn: Promise<void> = Promise.resolve();
    try {
      await context.ready;
      await concurrently(blobs, concurrentBlobs, context.signal, async (descriptor, signal) => {
        const turn = Promise.withResolvers<void>();
        const before = lastTurn;
        lastTurn = turn.promise;
        try {
          await before;
          const ingest = pullBlob({ ...context, signal }, descriptor, turn.resolve);
          ingests.get(descriptor.digest)?.resolve(ingest);
          pulled.push({ descriptor, ...(await ingest.complete) });
        } finally {
          turn.resolve();
        }
      });
    } catch (error) {
      for (const { reject } of ingests.values()) reject(error);
      throw error;
    }
    return pulled;
  }

  const complete = pullAll();
  // Whoever waits for them is told; until then a failure must not count as unhandled.
  complete.catch(() => {});
  for (const { promise } of ingests.values()) promise.catch(() => {});
  return {
    async *read(descriptor, signal) {
      const ingest = await ingests.get(descriptor.digest)?.promise;
      if (ingest) yield* allBytes(ingest.read(signal), descriptor);
    },
    complete,
  };
}

/** Ends with the last byte: that the blob has come to rest on disk is waited for once, at the end of all. */
async function* allBytes(
  chunks: AsyncIterable<Uint8Array>,
  { size }: Descriptor,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  if (size === 0) return;
  for await (const chunk of chunks) {
    yield chunk;
    read += chunk.length;
    if (read >= size) return;
  }
}

/** Calls `onAsked` when the registry is asked for the blob, or when another process turns out to bring it. */
function pullBlob(
  { store, client, reference, onEvent, signal }: Omit<PullContext, "ready">,
  descriptor: Descriptor,
  onAsked: () => void,
): BlobIngest {
  const { digest, size } = descriptor;
  const ingest = startIngest(
    store,
    descriptor,
    (offset, ingestSignal) => {
      onEvent({ kind: "blob-requested", digest, bytes: offset, totalBytes: size });
      onAsked();
      return fetchBlob(client, reference, descriptor, { offset, signal: ingestSignal });
    },
    {
      signal,
      onEvent(event) {
        if (event.kind === "ingest-waiting") onAsked();
        onEvent(event);
      },
      isOffsetRefused: (error) => error instanceof RegistryError && error.code === "REGISTRY_RANGE",
    },
  );
  const complete = ingest.complete.then((result) => {
    onEvent({ kind: result.cached ? "blob-cached" : "blob-stored", digest, totalBytes: size });
    return result;
  });
  complete.catch(() => {});
  return { ...ingest, complete };
}
