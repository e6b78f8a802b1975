import { ImageSpecError, isManifestMediaType, parseDocument } from "@bootlayer/image-spec";
import type { Descriptor, Digest, ImageDocument, Platform } from "@bootlayer/image-spec";

/** A manifest or an index, checked against its descriptor. */
export interface TreeDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly document: ImageDocument;
}

/** What an honest index nests, and has. */
const maxDepth = 4;
const maxDocuments = 200;

/**
 * All manifests and indexes that are reached from one, each once, what an index names before the index itself: the order
 * in which a registry takes them. Entries of other media types are passed over.
 *
 * @param read - gives a document's bytes, checked against the descriptor.
 * @throws {ImageSpecError} INDEX_TOO_COMPLEX for indexes in a circle, nested more than 4 deep, or of more than 200
 * documents; DOCUMENT_INVALID and DOCUMENT_UNSUPPORTED; what `read` throws passes through.
 */
export async function readDocumentTree(
  top: Descriptor,
  read: (descriptor: Descriptor) => Promise<Uint8Array>,
): Promise<readonly TreeDocument[]> {
  const found = new Map<Digest, TreeDocument>();
  let opened = 0;

  async function visit(descriptor: Descriptor, above: readonly Digest[]): Promise<void> {
    const { digest, mediaType } = descriptor;
    if (above.includes(digest)) throw tooComplex(top, "contains itself");
    if (above.length > maxDepth) throw tooComplex(top, `nests more than ${maxDepth} deep`);
    if (found.has(digest)) return;
    if (++opened > maxDocuments) throw tooComplex(top, `has more than ${maxDocuments} documents`);
    const bytes = await read(descriptor);
    const document = parseDocument(bytes, `document ${digest}`, mediaType);
    if (document.kind === "index")
      for (const child of document.index.manifests)
        if (isManifestMediaType(child.mediaType)) await visit(child, [...above, digest]);
    found.set(digest, { descriptor, bytes, document });
  }

  await visit(top, []);
  return [...found.values()];
}

/** Configs and layers of all manifests, each once, a manifest's layers from the top down. */
export function blobsOfTree(tree: readonly TreeDocument[]): readonly Descriptor[] {
  const blobs = tree.flatMap(({ document }) =>
    document.kind === "manifest" ? [document.manifest.config, ...document.manifest.layers.toReversed()] : [],
  );
  return [...new Map(blobs.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** What the images of a tree run on, as their indexes say; attestations run on nothing. */
export function platformsOfTree(tree: readonly TreeDocument[]): readonly Platform[] {
  return tree.flatMap(({ descriptor: { platform }, document }) =>
    document.kind === "manifest" && platform !== undefined && platform.os !== "unknown" ? [platform] : [],
  );
}

function tooComplex({ digest }: Descriptor, what: string): ImageSpecError {
  return new ImageSpecError("INDEX_TOO_COMPLEX", `index ${digest} ${what}`, "no honest image needs that");
}
