import { hasImage, openBlobStore, type BlobStore } from "@bootlayer/blob-store";
import {
  hostPlatform,
  parsePlatform,
  type Descriptor,
  type Digest,
  type Platform,
} from "@bootlayer/image-spec";
import {
  fetchManifest,
  formatReference,
  resolveImage,
  type Reference,
  type RegistryClient,
} from "@bootlayer/registry-client";
import type { BuildRequest, Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { connectRegistry } from "./connect-registry.ts";
import { blobsOfTree, platformsOfTree, readDocumentTree } from "./document-tree.ts";
import { BuilderError } from "./errors.ts";
import type { BuildEvent, StageReport } from "./events.ts";
import { parseSource } from "./source.ts";
import { stageClock } from "./stages.ts";
import type { PulledBlob } from "./pull-blobs.ts";
import { storedDocument } from "./stored-document.ts";
import type { StorePull } from "./store-pull.ts";
import { wantedOf } from "./wanted.ts";

/** An image that is to come into the store. */
export interface PullRequest extends Pick<BuildRequest, "platform"> {
  /** A reference in a registry. */
  readonly source: string;
  /** Whether the images of all platforms come, and the index that names them; not beside a `platform`. Default: false. */
  readonly allPlatforms?: boolean | undefined;
}

/** How one blob came: a config or a layer. */
export interface PulledBlobReport {
  readonly digest: Digest;
  /** Length of the blob. */
  readonly bytes: number;
  readonly downloadedBytes: number;
  /** Where it went on from what an interrupted pull had left, else 0. */
  readonly resumedAt: number;
  /** Whether the store had it, or another process brought it. */
  readonly cached: boolean;
}

export interface PullResult {
  /** As asked for. */
  readonly source: string;
  /** Under which the store knows it: the full reference. */
  readonly name: string;
  /** Of the manifest, or of the index where all platforms were asked for. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly platforms: readonly Platform[];
  /** Length of all documents and blobs. */
  readonly bytes: number;
  /** How much of the blobs came from the registry. */
  readonly downloadedBytes: number;
  readonly blobs: readonly PulledBlobReport[];
  readonly stages: readonly StageReport[];
}

type Wanted = Pick<StorePull, "documents" | "blobs" | "top"> & { readonly platforms: readonly Platform[] };

/**
 * Brings an image from a registry into the store, where it gets its name once all of it is there, verified and on disk.
 * A tag is looked up once. What an interrupted pull left is gone on from.
 *
 * @throws {BuilderError} SOURCE_INVALID for what is no reference; OPTIONS_INVALID for a platform beside all platforms; CANCELLED.
 * What registries and stores throw.
 */
export async function pullImage(request: PullRequest, environment: Environment): Promise<PullResult> {
  return withCancellation(environment.signal, async (signal) => {
    const reference = registryReference(request.source, "pull");
    const { platform: asked, allPlatforms = false } = request;
    if (allPlatforms && asked !== undefined)
      throw new BuilderError(
        "OPTIONS_INVALID",
        `the images of all platforms are asked for, and that of ${JSON.stringify(asked)}`,
        "ask for all platforms, or for one",
      );
    const platform = asked === undefined ? hostPlatform() : parsePlatform(asked);
    const onEvent = environment.onEvent ?? (() => {});
    const clock = stageClock(onEvent);
    const store = await openBlobStore(environment.store);
    await using opened = new AsyncDisposableStack();
    const client = connectRegistry(environment, onEvent);
    opened.defer(() => client.close());
    const wanted = await clock.run("resolve", async () => {
      const result = allPlatforms
        ? await resolveTree(store, client, reference, signal)
        : await resolvePlatform(store, client, reference, platform, signal);
      return { result, bytes: result.documents.reduce((sum, { bytes }) => sum + bytes.length, 0) };
    });
    const { documents, blobs, top, platforms } = wanted;
    const name = formatReference(reference);
    onEvent({ kind: "transfer-started", direction: "pull", name, digest: top.digest, blobs });
    const named = [...documents.map(({ descriptor }) => descriptor), ...blobs];
    const pulled = (await hasImage(store, name, top, named))
      ? await clock.run("pull", async () => ({ result: found(blobs, onEvent), bytes: 0 }))
      : await bring({ ...wanted, store, client, reference, clock, onEvent, signal }, opened);
    return {
      source: request.source,
      name,
      digest: top.digest,
      mediaType: top.mediaType,
      platforms,
      bytes: [...documents.map(({ descriptor }) => descriptor), ...blobs].reduce(
        (sum, { size }) => sum + size,
        0,
      ),
      downloadedBytes: pulled.reduce((sum, blob) => sum + blob.downloadedBytes, 0),
      blobs: pulled.map(({ descriptor: { digest, size }, ...how }) => ({ digest, bytes: size, ...how })),
      stages: clock.reports(),
    };
  });
}

/** The blobs of an image that the store has under its name already. */
function found(blobs: readonly Descriptor[], onEvent: (event: BuildEvent) => void): readonly PulledBlob[] {
  return blobs.map((descriptor) => {
    onEvent({ kind: "blob-cached", digest: descriptor.digest, totalBytes: descriptor.size });
    return { descriptor, downloadedBytes: 0, resumedAt: 0, cached: true };
  });
}

async function bring(wanted: StorePull, opened: AsyncDisposableStack): Promise<readonly PulledBlob[]> {
  // Most of the store's code, and of what reads blobs: a pull of what is at hand should not wait for it.
  const { pullIntoStore } = await import("./store-pull.ts");
  return opened.use(pullIntoStore(wanted)).complete;
}

async function resolvePlatform(
  store: BlobStore,
  client: RegistryClient,
  reference: Reference,
  platform: Platform,
  signal: AbortSignal,
): Promise<Wanted> {
  const known = storedDocument(store, signal);
  const image = await resolveImage(client, reference, platform, signal, { known });
  return { ...wantedOf(image), platforms: [image.platform] };
}

/** An index and all that it names; a manifest alone is a tree of one. */
async function resolveTree(
  store: BlobStore,
  client: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
): Promise<Wanted> {
  const { registry, repository } = reference;
  const known = storedDocument(store, signal);
  const found = await fetchManifest(client, reference, signal);
  const documents = await readDocumentTree(found.descriptor, async (descriptor) => {
    const { digest } = descriptor;
    if (digest === found.descriptor.digest) return found.bytes;
    return (
      (await known(descriptor)) ??
      (await fetchManifest(client, { registry, repository, digest }, signal)).bytes
    );
  });
  return {
    documents,
    blobs: blobsOfTree(documents),
    top: found.descriptor,
    platforms: platformsOfTree(documents),
  };
}

/** @throws {BuilderError} SOURCE_INVALID. @throws {RegistryError} REFERENCE_INVALID. */
export function registryReference(text: string, action: "pull" | "push" | "fetch"): Reference {
  const source = parseSource(text);
  if (source.kind === "registry") return source.reference;
  throw new BuilderError(
    "SOURCE_INVALID",
    `${JSON.stringify(text)} is no reference in a registry`,
    `${action} takes one such as docker.io/library/alpine:3.22`,
  );
}
