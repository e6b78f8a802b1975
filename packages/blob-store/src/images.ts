import { dirname } from "node:path";
import { syncDirectory } from "@bootlayer/durable-file";
import type { Descriptor, Digest } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { readDocumentIfSound } from "./document.ts";
import { StoreError } from "./errors.ts";
import { readIndexFile, replaceEntries } from "./index-file.ts";
import { isJoined, isSamePlatform, joinPlatforms, platformsOf } from "./joined-platforms.ts";
import { blobPath, type Layout } from "./layout.ts";
import { hasBlob, type BlobName } from "./read-blob.ts";

/** The annotation of an entry of index.json that names it (image-spec annotations.md). */
export const refNameAnnotation = "org.opencontainers.image.ref.name";

/** An image of a layout. */
export interface ListedImage {
  /** `docker.io/library/alpine:3.22` in a store; often a tag alone in other layouts; absent where it has none. */
  readonly name: string | undefined;
  /** Of a manifest or, where another tool has put one there under that name, of an index. */
  readonly descriptor: Descriptor;
}

export interface TagImageOptions {
  /** Kept with the entry, beside its name. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Further names, which are taken away by the same change of the index. */
  readonly replaces?: ReadonlySet<string> | undefined;
  readonly signal?: AbortSignal | undefined;
}

const maxNameLength = 1024;

/**
 * The images of a layout, in the order of its index.json; a name that `tagImage` gave for several platforms is listed
 * with each.
 *
 * @throws as `resolveInLayout` for an index that is damaged.
 */
export async function listImages(layout: Layout): Promise<ListedImage[]> {
  const listed: ListedImage[] = [];
  for (const entry of await readIndexFile(layout)) {
    const name = nameOf(entry);
    const platforms = isJoined(entry) ? await platformsOf(layout, entry) : [];
    if (platforms.length === 0) listed.push({ name, descriptor: entry });
    for (const descriptor of platforms) listed.push({ name, descriptor });
  }
  return listed;
}

/**
 * Whether a name stands for a manifest or index already, for its platform where it says one, and all of `blobs` are there:
 * then there is nothing to bring, and `tagImage` would change nothing.
 *
 * The name, which is looked at last, has kept the blobs; whoever goes on to read them holds them by a lease all the same.
 *
 * @throws as `resolveInLayout` for an index that is damaged.
 */
export async function hasImage(
  layout: Layout,
  name: string,
  { digest, platform }: Pick<Descriptor, "digest" | "platform">,
  blobs: readonly BlobName[],
): Promise<boolean> {
  const found = await Promise.all(blobs.map((blob) => hasBlob(layout, blob)));
  if (found.includes(false)) return false;
  for (const entry of await readIndexFile(layout)) {
    if (nameOf(entry) !== name) continue;
    const held = platform === undefined ? [entry] : await platformsOf(layout, entry);
    return held.some(
      (other) =>
        other.digest === digest &&
        (platform === undefined ||
          (other.platform !== undefined && isSamePlatform(other.platform, platform))),
    );
  }
  return false;
}

/**
 * Gives a manifest or index in the store a name. A name says everything that tells images apart: the registry's host,
 * the repository, the tag or digest (`docker.io/library/alpine:3.22`). That is within the grammar of
 * `org.opencontainers.image.ref.name`, so that `skopeo inspect oci:STORE:docker.io/library/alpine:3.22` finds it.
 *
 * A descriptor that says its platform takes the name from the manifest that had it for the same platform, and shares it
 * with those of other platforms (see joined-platforms.ts). Any other takes the name from whatever had it.
 *
 * The blobs of a manifest must all be in the store, and are then kept by the name: nothing is collected in between.
 *
 * @throws {StoreError} STORE_NAME_INVALID; STORE_BLOB_MISSING if the store lacks the document or one of its blobs;
 * STORE_BUSY; STORE_FULL if the index would grow past what readers take.
 */
export async function tagImage(
  store: BlobStore,
  name: string,
  descriptor: Descriptor,
  { annotations, replaces, signal }: TagImageOptions = {},
): Promise<void> {
  checkName(name);
  async function entries(replaced: readonly Descriptor[]): Promise<readonly Descriptor[]> {
    await checkWhole(store, name, descriptor);
    const sameName = replaced.filter((other) => nameOf(other) === name);
    const joined = await joinPlatforms(store, sameName, descriptor);
    const { mediaType, digest, size, platform, annotations: own } = joined;
    const named = { ...own, ...annotations, [refNameAnnotation]: name };
    return [{ mediaType, digest, size, ...(platform === undefined ? {} : { platform }), annotations: named }];
  }
  function isReplaced(other: Descriptor): boolean {
    const otherName = nameOf(other);
    return otherName !== undefined && (otherName === name || replaces?.has(otherName) === true);
  }
  await replaceEntries(store, isReplaced, entries, signal);
}

/** Now, while nothing is collected; and with the names of the blobs on disk before the name of the image. */
async function checkWhole(store: BlobStore, name: string, descriptor: Descriptor): Promise<void> {
  const blobs = [descriptor];
  if (await hasBlob(store, descriptor)) blobs.push(...(await blobsOfManifest(store, descriptor)));
  for (const blob of blobs)
    if (!(await hasBlob(store, blob)))
      throw new StoreError(
        "STORE_BLOB_MISSING",
        `${name} cannot stand for ${descriptor.digest}: ${blob.digest} is not in ${store.directory}`,
        "bring the image's blobs into the store first, and hold them by a lease until it has its name",
      );
  for (const directory of new Set(blobs.map(({ digest }) => dirname(blobPath(store, digest)))))
    await syncDirectory(directory);
}

/** Config and layers; none of what is no manifest. */
async function blobsOfManifest(store: BlobStore, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  const document = await readDocumentIfSound(store, descriptor);
  return document?.kind === "manifest" ? [document.manifest.config, ...document.manifest.layers] : [];
}

export interface UntagImageOptions extends Pick<TagImageOptions, "signal"> {
  /** Only if it stands for this manifest or index. */
  readonly digest?: Digest | undefined;
}

/**
 * Takes a name away, for all platforms; the blobs stay until garbage is collected. Answers whether there was such a name.
 *
 * @throws {StoreError} STORE_BUSY.
 */
export async function untagImage(
  store: BlobStore,
  name: string,
  { digest, signal }: UntagImageOptions = {},
): Promise<boolean> {
  return (
    (await replaceEntries(
      store,
      (entry) => nameOf(entry) === name && (digest === undefined || entry.digest === digest),
      async () => [],
      signal,
    )) > 0
  );
}

export function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations && Object.hasOwn(annotations, refNameAnnotation)
    ? annotations[refNameAnnotation]
    : undefined;
}

/** Wider than the grammar of annotations.md, which has no `_` and no `[`: repositories and IPv6 hosts have. */
function checkName(name: string): void {
  if (name.length > maxNameLength || !/^[\x21-\x7e]+$/.test(name))
    throw new StoreError(
      "STORE_NAME_INVALID",
      `${JSON.stringify(name.slice(0, 200))} cannot name an image`,
      `a name is 1 to ${maxNameLength} printable ASCII characters without blanks`,
    );
}
