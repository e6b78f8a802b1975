import {
  hasBlob,
  listImages,
  openBlobStore,
  readDocument,
  storeUsage as usageOf,
  type BlobStore,
  type StoreUsage as BlobUsage,
} from "@bootlayer/blob-store";
import {
  mediaTypes,
  normalisePlatform,
  parseConfig,
  parseDocument,
  type Descriptor,
  type Digest,
  type Platform,
} from "@bootlayer/image-spec";
import { isBootlayerError } from "@bootlayer/errors";
import type { Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";

/** An image of the store, or all images of one name. */
export interface StoredImage {
  /** The full reference; absent where another tool has left it without a name. */
  readonly name: string | undefined;
  /** Of the manifest, or of the index that names those of several platforms. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Those whose images are there. */
  readonly platforms: readonly Platform[];
  /** Of all its documents and blobs that are there. */
  readonly bytes: number;
  /** Of those that other images are made of too: removing this one alone frees the rest. */
  readonly sharedBytes: number;
}

/** What takes the room in a store. */
export interface StoreUsage extends Omit<BlobUsage, "images"> {
  readonly images: readonly StoredImage[];
}

/** What the store holds, and how much of it. @throws {StoreError} STORE_INVALID. */
export async function storeUsage({
  store: directory,
  signal: caller,
}: Pick<Environment, "store" | "signal">): Promise<StoreUsage> {
  return withCancellation(caller, async (signal) => {
    const store = await openBlobStore(directory);
    const usage = await usageOf(store, { signal });
    const listed = Map.groupBy(await listImages(store), ({ name, descriptor }) => name ?? descriptor.digest);
    const images: StoredImage[] = [];
    for (const { name, digest, bytes, sharedBytes } of usage.images) {
      const descriptors = (listed.get(name ?? digest) ?? []).map(({ descriptor }) => descriptor);
      const own = descriptors.find((descriptor) => descriptor.digest === digest);
      const mediaType = own?.mediaType ?? mediaTypes.ociIndex;
      const platforms: Platform[] = [];
      for (const descriptor of descriptors) platforms.push(...(await platformsOf(store, descriptor, signal)));
      images.push({ name, digest, mediaType, platforms, bytes, sharedBytes });
    }
    return { ...usage, images };
  });
}

/** The images that the store knows. */
export async function listStoredImages(
  environment: Pick<Environment, "store" | "signal">,
): Promise<readonly StoredImage[]> {
  return (await storeUsage(environment)).images;
}

/** As the entry says, else the index, else the config; of an image that is damaged nothing is said. */
export async function platformsOf(
  store: BlobStore,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<readonly Platform[]> {
  if (descriptor.platform) return [normalisePlatform(descriptor.platform)];
  try {
    const bytes = await readDocument(store, descriptor, signal);
    const document = parseDocument(bytes, `document ${descriptor.digest}`, descriptor.mediaType);
    if (document.kind === "index") {
      const platforms: Platform[] = [];
      for (const { platform, ...child } of document.index.manifests)
        if (platform && platform.os !== "unknown" && (await hasBlob(store, child)))
          platforms.push(normalisePlatform(platform));
      return platforms;
    }
    const { config, layers } = document.manifest;
    const parsed = parseConfig(
      await readDocument(store, config, signal),
      `config ${config.digest}`,
      layers.length,
    );
    const { os, architecture, variant } = parsed;
    return [normalisePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) })];
  } catch (error) {
    signal.throwIfAborted();
    if (!isBootlayerError(error)) throw error;
    return [];
  }
}
