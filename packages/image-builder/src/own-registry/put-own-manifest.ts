import { blobSize, hasBlob, holdBlobs, ingestBytes, tagImage, type BlobStore } from "@bootlayer/blob-store";
import {
  digestAlgorithm,
  digestOf,
  ImageSpecError,
  isManifestMediaType,
  maxDocumentBytes,
  parseDocument,
  type Descriptor,
  type Digest,
  type ImageDocument,
} from "@bootlayer/image-spec";
import { formatReference } from "@bootlayer/registry-client";
import { ownNames, type ManifestName } from "./own-names.ts";
import { referrerEntry, subjectOf } from "./own-referrers.ts";
import type { OwnRegistry } from "./own-registry.ts";
import { readLink, writeLink } from "./repository-links.ts";

/** A manifest or index that was pushed. */
export interface PutManifest {
  readonly repository: string;
  readonly name: ManifestName;
  /** The host that it was pushed to: one of the registry's. */
  readonly host: string;
  readonly bytes: Uint8Array;
  /** As its sender calls it; absent: as it calls itself. */
  readonly mediaType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came of it; a refusal has a code of the distribution specification ("Error Codes"). */
export type PutManifestResult = Readonly<
  | {
      kind: "kept";
      descriptor: Descriptor;
      document: ImageDocument;
      /** The manifest that it is about. */
      subject: Digest | undefined;
    }
  | {
      kind: "refused";
      code: "DIGEST_INVALID" | "MANIFEST_INVALID" | "MANIFEST_BLOB_UNKNOWN" | "SIZE_INVALID";
      message: string;
      /** What the repository lacks. */
      missing?: readonly Digest[];
    }
>;

/**
 * Takes a manifest or index into a repository, where all that it names must be already; its subject need not be. On disk
 * when it settles.
 *
 * A tag keeps it, and all that it names, from being collected. So does the manifest's own digest where it was pushed by that
 * alone, until an index that names it gets a tag, whose part it is then; and so does its subject.
 *
 * @throws {StoreError} STORE_BUSY, STORE_BLOB_MISSING; STORE_FULL if the store's index has no room for another name.
 * @throws {DurableFileError} FILE_NO_SPACE and others.
 */
export async function putOwnManifest(registry: OwnRegistry, put: PutManifest): Promise<PutManifestResult> {
  const { store } = registry;
  const { repository, name, bytes, signal } = put;
  if (bytes.length > maxDocumentBytes)
    return refused("SIZE_INVALID", `a manifest has at most ${maxDocumentBytes} bytes`);
  const digest = digestOf(bytes, "digest" in name ? digestAlgorithm(name.digest) : "sha256");
  if ("digest" in name && name.digest !== digest)
    return refused("DIGEST_INVALID", `the manifest's digest is ${digest}`);
  const read = readPut(put, digest);
  if (read.kind === "refused") return read;
  const { document, mediaType } = read;
  const descriptor = { mediaType, digest, size: bytes.length };
  const needed = neededBy(document);
  await using held = await holdBlobs(store, [digest, ...needed.map((each) => each.digest)], { signal });
  const missing = await missingIn(store, repository, document, needed);
  if (missing.length > 0)
    return {
      ...refused("MANIFEST_BLOB_UNKNOWN", `${repository} lacks ${missing.length} of what the manifest names`),
      missing,
    };
  await registry.hold(digest);
  await ingestBytes(store, descriptor, bytes, { signal });
  await writeLink({ store, repository, digest, kind: "manifests" }, mediaType);
  const subject = subjectOf(document);
  if (subject !== undefined) {
    const entry = JSON.stringify(referrerEntry(descriptor, document));
    await writeLink({ store, repository, digest, kind: { referrerOf: subject } }, entry);
  }
  await giveName(registry, put, descriptor, document);
  // Until the name is given.
  await held.release();
  return { kind: "kept", descriptor, document, subject };
}

/** The media type must be said, by whoever sends it or by the document, and by both alike (image-spec, CVE-2021-41190). */
function readPut(
  { bytes, mediaType: sent }: PutManifest,
  digest: Digest,
):
  | { readonly kind: "read"; readonly document: ImageDocument; readonly mediaType: string }
  | Extract<PutManifestResult, { kind: "refused" }> {
  try {
    const document = parseDocument(bytes, `manifest ${digest}`, sent);
    const own = (document.kind === "index" ? document.index : document.manifest).mediaType;
    const mediaType = sent ?? own;
    if (mediaType === undefined || !isManifestMediaType(mediaType))
      return refused("MANIFEST_INVALID", `${JSON.stringify(mediaType)} is no manifest that is taken here`);
    if (own !== undefined && own !== mediaType)
      return refused(
        "MANIFEST_INVALID",
        `it calls itself ${JSON.stringify(own)}, and was sent as ${mediaType}`,
      );
    return { kind: "read", document, mediaType };
  } catch (error) {
    if (error instanceof ImageSpecError) return refused("MANIFEST_INVALID", error.message);
    throw error;
  }
}

function neededBy(document: ImageDocument): readonly Descriptor[] {
  return document.kind === "index"
    ? document.index.manifests
    : [document.manifest.config, ...document.manifest.layers];
}

/** What was never pushed to the repository, is gone, or has another size than the manifest says. */
async function missingIn(
  store: BlobStore,
  repository: string,
  document: ImageDocument,
  needed: readonly Descriptor[],
): Promise<readonly Digest[]> {
  const missing: Digest[] = [];
  for (const blob of needed) {
    const { digest } = blob;
    // An index may name what is no manifest; it is a blob then.
    const kind = document.kind === "index" && isManifestMediaType(blob.mediaType) ? "manifests" : "blobs";
    const isLinked = (await readLink({ store, repository, digest, kind })) !== undefined;
    if (!isLinked || !(await hasBlob(store, blob))) missing.push(digest);
  }
  return missing;
}

async function giveName(
  registry: OwnRegistry,
  { repository, name, host, signal }: PutManifest,
  descriptor: Descriptor,
  document: ImageDocument,
): Promise<void> {
  const { store } = registry;
  const subject = subjectOf(document);
  if ("digest" in name && subject !== undefined && (await blobSize(store, subject)) !== undefined) return;
  const parts = "tag" in name && document.kind === "index" ? document.index.manifests : [];
  const replaces = new Set(ownNames(registry, repository, name));
  for (const { digest } of parts)
    for (const full of ownNames(registry, repository, { digest })) replaces.add(full);
  await tagImage(store, formatReference({ registry: host, repository, ...name }), descriptor, {
    replaces,
    signal,
  });
}

function refused(
  code: Extract<PutManifestResult, { kind: "refused" }>["code"],
  message: string,
): Extract<PutManifestResult, { kind: "refused" }> {
  return { kind: "refused", code, message };
}
