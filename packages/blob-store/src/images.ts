import type { Descriptor } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { StoreError } from "./errors.ts";
import { readIndexFile, replaceEntries } from "./index-file.ts";
import type { Layout } from "./layout.ts";
import { hasBlob } from "./read-blob.ts";

/** The annotation of an entry of index.json that names it (image-spec annotations.md). */
export const refNameAnnotation = "org.opencontainers.image.ref.name";

/** An entry of a layout's index.json. */
export interface ListedImage {
  /** `docker.io/library/alpine:3.22` in a store; often a tag alone in other layouts; absent where it has none. */
  readonly name: string | undefined;
  readonly descriptor: Descriptor;
}

export interface TagImageOptions {
  /** Kept with the entry, beside its name. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

const maxNameLength = 1024;

/** The images of a layout, in the order of its index.json. @throws as `resolveInLayout` for an index that is damaged. */
export async function listImages(layout: Layout): Promise<ListedImage[]> {
  const descriptors = await readIndexFile(layout);
  return descriptors.map((descriptor) => ({ name: nameOf(descriptor), descriptor }));
}

/**
 * Gives a manifest or index in the store a name, taking it from the one that had it. A name says everything that tells
 * images apart: the registry's host, the repository, the tag or digest (`docker.io/library/alpine:3.22`). That is within
 * the grammar of `org.opencontainers.image.ref.name`, so that `skopeo inspect oci:STORE:docker.io/library/alpine:3.22`
 * finds it.
 *
 * @throws {StoreError} STORE_NAME_INVALID; STORE_BLOB_MISSING if the store lacks the document; STORE_BUSY.
 * @throws {ImageSpecError} DOCUMENT_TOO_LARGE, DOCUMENT_INVALID if the index would grow past what readers take.
 */
export async function tagImage(
  store: BlobStore,
  name: string,
  descriptor: Descriptor,
  { annotations, signal }: TagImageOptions = {},
): Promise<void> {
  checkName(name);
  if (!(await hasBlob(store, descriptor)))
    throw new StoreError(
      "STORE_BLOB_MISSING",
      `${name} cannot stand for ${descriptor.digest}, which is not in ${store.directory}`,
      "bring the manifest into the store first",
    );
  const { mediaType, digest, size, platform } = descriptor;
  const entry = {
    mediaType,
    digest,
    size,
    ...(platform === undefined ? {} : { platform }),
    annotations: { ...descriptor.annotations, ...annotations, [refNameAnnotation]: name },
  };
  await replaceEntries(store, (other) => nameOf(other) === name, [entry], signal);
}

/**
 * Takes a name away; the blobs stay. Answers whether there was such a name.
 *
 * @throws {StoreError} STORE_BUSY.
 */
export async function untagImage(
  store: BlobStore,
  name: string,
  { signal }: Pick<TagImageOptions, "signal"> = {},
): Promise<boolean> {
  return (await replaceEntries(store, (descriptor) => nameOf(descriptor) === name, [], signal)) > 0;
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
