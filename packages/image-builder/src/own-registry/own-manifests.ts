import { blobSize, listImages, readDocument, untagImage } from "@bootlayer/blob-store";
import { parseDocument, type Descriptor } from "@bootlayer/image-spec";
import { ownNames, type ManifestName } from "./own-names.ts";
import { subjectOf } from "./own-referrers.ts";
import type { OwnRepositories } from "./own-registry.ts";
import { readLink, removeLink } from "./repository-links.ts";

/** What a tag stands for, or what has the digest; undefined where the repository has no such manifest or index. */
export async function findOwnManifest(
  registry: OwnRepositories,
  repository: string,
  name: ManifestName,
): Promise<Descriptor | undefined> {
  const { store } = registry;
  if ("tag" in name) {
    const images = new Map((await listImages(store)).map((image) => [image.name, image.descriptor]));
    for (const full of ownNames(registry, repository, name)) {
      const found = images.get(full);
      if (found) return { mediaType: found.mediaType, digest: found.digest, size: found.size };
    }
    return undefined;
  }
  const { digest } = name;
  const mediaType = await readLink({ store, repository, digest, kind: "manifests" });
  const size = mediaType === undefined ? undefined : await blobSize(store, digest);
  return mediaType === undefined || size === undefined ? undefined : { mediaType, digest, size };
}

/** The bytes of what `findOwnManifest` found, checked. @throws {StoreError} STORE_BLOB_MISSING and others. */
export function readOwnManifest(
  { store }: OwnRepositories,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return readDocument(store, descriptor, signal);
}

/**
 * Takes a tag away, or a manifest with all its tags; answers whether it was there. The bytes go when garbage is collected
 * and nothing else needs them.
 */
export async function removeOwnManifest(
  registry: OwnRepositories,
  repository: string,
  name: ManifestName,
  signal?: AbortSignal,
): Promise<boolean> {
  const { store } = registry;
  if ("tag" in name) {
    let isRemoved = false;
    for (const full of ownNames(registry, repository, name))
      if (await untagImage(store, full, { signal })) isRemoved = true;
    return isRemoved;
  }
  const { digest } = name;
  const found = await findOwnManifest(registry, repository, name);
  const own = new Set(registry.hosts.map((host) => `${host}/${repository}`));
  for (const image of await listImages(store)) {
    const [, place = ""] = /^(.*?)[:@][^/]*$/.exec(image.name ?? "") ?? [];
    if (image.name !== undefined && image.descriptor.digest === digest && own.has(place))
      await untagImage(store, image.name, { digest, signal });
  }
  if (found) await forgetReferrer(registry, repository, found, signal);
  await removeLink({ store, repository, digest, kind: "manifests" });
  return found !== undefined;
}

/** A manifest that goes is listed as a referrer no more. */
async function forgetReferrer(
  { store }: OwnRepositories,
  repository: string,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { digest, mediaType } = descriptor;
  const bytes = await readDocument(store, descriptor, signal);
  const subject = subjectOf(parseDocument(bytes, `document ${digest}`, mediaType));
  if (subject !== undefined) await removeLink({ store, repository, digest, kind: { referrerOf: subject } });
}
