import { blobSize } from "@bootlayer/blob-store";
import {
  descriptorSchema,
  isManifestMediaType,
  type Descriptor,
  type Digest,
  type ImageDocument,
} from "@bootlayer/image-spec";
import type { OwnRepositories } from "./own-registry.ts";
import { listReferrerLinks, readLink } from "./repository-links.ts";

/** The manifest or index that a document is about, if it is about one. */
export function subjectOf(document: ImageDocument): Digest | undefined {
  return (document.kind === "index" ? document.index : document.manifest).subject?.digest;
}

/** A manifest's entry in the list of what refers to its subject (distribution-spec "Listing Referrers"). */
export function referrerEntry({ mediaType, digest, size }: Descriptor, document: ImageDocument): Descriptor {
  const { artifactType, annotations } = document.kind === "index" ? document.index : document.manifest;
  const config = document.kind === "manifest" ? document.manifest.config.mediaType : undefined;
  const type = artifactType === undefined || artifactType === "" ? config : artifactType;
  return {
    mediaType,
    digest,
    size,
    ...(type === undefined ? {} : { artifactType: type }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** What refers to a manifest, which need not be there, in the order of the digests behind `after`. */
export async function* listOwnReferrers(
  { store }: OwnRepositories,
  repository: string,
  subject: Digest,
  after = "",
): AsyncGenerator<Descriptor> {
  for (const digest of await listReferrerLinks(store, repository, subject)) {
    if (digest <= after) continue;
    const text = await readLink({ store, repository, digest, kind: { referrerOf: subject } });
    const isThere = (await readLink({ store, repository, digest, kind: "manifests" })) !== undefined;
    if (text === undefined || !isThere || (await blobSize(store, digest)) === undefined) continue;
    const entry = descriptorSchema.safeParse(JSON.parse(text)).data;
    if (entry && isManifestMediaType(entry.mediaType)) yield entry;
  }
}
