import {
  hasBlob,
  holdBlobs,
  listImages,
  openBlobStore,
  openLayout,
  readBlob,
  readDocument,
  resolveImageInLayout,
  resolveInLayout,
  StoreError,
  type BlobStore,
  type Layout,
} from "@bootlayer/blob-store";
import {
  hostPlatform,
  parsePlatform,
  type Descriptor,
  type Digest,
  type Platform,
  type ResolvedImage,
} from "@bootlayer/image-spec";
import { formatReference, type Reference } from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import { blobsOfTree, platformsOfTree, readDocumentTree, type TreeDocument } from "./document-tree.ts";
import { openSource } from "./open-source.ts";
import type { SourceContext } from "./opened-source.ts";
import { parseSource } from "./source.ts";
import { tryReference } from "./try-reference.ts";
import type { PushRequest } from "./push-image.ts";

/** An image, or all images of an index, whose every blob can be read. Disposing of it ends what it began. */
export interface PushSource extends AsyncDisposable {
  /** What is named before what names it; the last one is `top`. */
  readonly documents: readonly TreeDocument[];
  readonly top: Descriptor;
  readonly platforms: readonly Platform[];
  open(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Settles when all is at hand that had to be pulled, and the store knows it by its name. */
  readonly complete: Promise<void>;
  /** Repositories of the target's registry that are likely to have the blob. */
  mountFrom(digest: Digest): readonly string[];
}

type Images = Pick<PushSource, "documents" | "top" | "platforms">;

/** Finds what is to be pushed: in the store, if it knows the name; else wherever a build would find it. */
export async function openPushSource(
  request: PushRequest,
  target: Reference,
  environment: Environment,
  context: SourceContext,
): Promise<PushSource> {
  const source = parseSource(request.source);
  const { clock, signal } = context;
  const store = await openBlobStore(environment.store);
  const repositories = await repositoriesByBlob(store, target, signal);
  const mountFrom = (digest: Digest): readonly string[] => [...(repositories.get(digest) ?? [])];

  if (source.kind === "registry" || (source.kind === "oci-layout" && source.digest === undefined)) {
    const layout = source.kind === "registry" ? store : await openLayout(source.directory);
    const name = source.kind === "registry" ? formatReference(source.reference) : source.tag;
    const isKnown = source.kind === "oci-layout" || (await knows(store, name));
    if (isKnown) {
      const images = await clock.run("resolve", async () => {
        const result = await imagesInLayout(layout, name, request.platform, signal);
        return { result, bytes: result.documents.reduce((sum, { bytes }) => sum + bytes.length, 0) };
      });
      const digests = images.documents.map(({ descriptor }) => descriptor.digest);
      const blobs = blobsOfTree(images.documents).map(({ digest }) => digest);
      const lease = layout === store ? await holdBlobs(store, [...digests, ...blobs], { signal }) : undefined;
      return {
        ...images,
        open: (descriptor, opened) => readBlob(layout, descriptor, opened),
        complete: Promise.resolve(),
        mountFrom,
        [Symbol.asyncDispose]: async () => lease?.release(),
      };
    }
  }

  const opened = await openSource(request, environment, context);
  const { layers, complete } = opened.fetchLayers();
  // Whoever waits for it is told; until then a failure must not count as unhandled.
  complete.catch(() => {});
  const { manifest, configBytes } = opened.image;
  return {
    ...oneImage(opened.image),
    async *open(descriptor, signal) {
      if (descriptor.digest === manifest.config.digest) yield configBytes;
      else {
        const layer = layers.find((layer) => layer.descriptor.digest === descriptor.digest);
        if (layer !== undefined) yield* layer.open(signal);
      }
    },
    complete,
    mountFrom,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function knows(store: BlobStore, name: string | undefined): Promise<boolean> {
  return (await listImages(store)).some((image) => image.name === name);
}

/** All images of a name, if the layout holds them whole and no platform is asked for; else the one for a platform. */
async function imagesInLayout(
  layout: Layout,
  name: string | undefined,
  platform: string | undefined,
  signal: AbortSignal,
): Promise<Images> {
  if (platform === undefined) {
    const whole = await wholeTree(layout, name, signal);
    if (whole) return whole;
  }
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  return oneImage(await resolveImageInLayout(layout, name, wanted, signal));
}

/** Absent where the name stands for several entries, or some of what an index names is not there. */
async function wholeTree(
  layout: Layout,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Images | undefined> {
  try {
    const top = await resolveInLayout(layout, name);
    const documents = await readDocumentTree(top, (descriptor) => readDocument(layout, descriptor, signal));
    for (const blob of blobsOfTree(documents)) if (!(await hasBlob(layout, blob))) return undefined;
    return { documents, top, platforms: platformsOfTree(documents) };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code !== "STORE_BLOB_MISSING" && error.code !== "STORE_IMAGE_AMBIGUOUS") throw error;
    return undefined;
  }
}

function oneImage({ descriptor, manifest, manifestBytes, platform }: ResolvedImage): Images {
  const document = { kind: "manifest", manifest } as const;
  return {
    documents: [{ descriptor, bytes: manifestBytes, document }],
    top: descriptor,
    platforms: [platform],
  };
}

/** By blob: where the store's own names say that the registry has it too. */
async function repositoriesByBlob(
  store: BlobStore,
  target: Reference,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, ReadonlySet<string>>> {
  const repositories = new Map<Digest, Set<string>>();
  for (const { name, descriptor } of await listImages(store)) {
    const from = name === undefined ? undefined : tryReference(name);
    if (from?.registry !== target.registry || from.repository === target.repository) continue;
    // An image that is damaged, or not there whole, says nothing.
    const tree = await readDocumentTree(descriptor, (child) => readDocument(store, child, signal)).catch(
      () => [],
    );
    signal.throwIfAborted();
    for (const { digest } of blobsOfTree(tree))
      repositories.set(digest, (repositories.get(digest) ?? new Set()).add(from.repository));
  }
  return repositories;
}
