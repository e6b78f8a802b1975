import { ImageSpecError, isManifestMediaType, type Descriptor, type Digest } from "@bootlayer/image-spec";
import { readDocumentIfSound } from "./document.ts";
import type { Layout } from "./layout.ts";
import { blobSize } from "./read-blob.ts";

/** A start of the walk. Without a media type it is opened if it looks like a manifest or index. */
export type Root = Pick<Descriptor, "digest"> & { readonly mediaType?: string | undefined };

/** Whoever resolves an image nests no deeper: index.json, four indexes, a manifest. */
const maxDepth = 6;
const maxDocuments = 100_000;

/** What is reached so far: grows with each walk, which passes over what earlier ones opened. */
export interface Reached {
  readonly digests: Set<Digest>;
  readonly opened: Set<Digest>;
}

export function nothingReached(): Reached {
  return { digests: new Set(), opened: new Set() };
}

/**
 * Adds all that images are made of: the roots, what their indexes and manifests name, and so on. What is not in the
 * layout (a platform that was not pulled) and what is damaged leads no further.
 *
 * @throws {ImageSpecError} INDEX_TOO_COMPLEX after 100,000 documents. The signal's reason when aborted.
 */
export async function reach(
  layout: Layout,
  roots: Iterable<Root>,
  reached: Reached = nothingReached(),
  signal?: AbortSignal,
): Promise<Reached> {
  // Level by level, so that what is near to one root and deep below another is opened.
  let level = [...roots];
  for (let depth = 1; depth <= maxDepth && level.length > 0; depth++) {
    const next: Root[] = [];
    for (const root of level) {
      reached.digests.add(root.digest);
      if (root.mediaType !== undefined && !isManifestMediaType(root.mediaType)) continue;
      if (reached.opened.has(root.digest)) continue;
      reached.opened.add(root.digest);
      if (reached.opened.size > maxDocuments)
        throw new ImageSpecError(
          "INDEX_TOO_COMPLEX",
          `${layout.directory} has images of more than ${maxDocuments} documents`,
          "remove the image that nests so many",
        );
      next.push(...(await childrenOf(layout, root, signal)));
    }
    level = next;
  }
  return reached;
}

async function childrenOf(
  layout: Layout,
  { digest, mediaType }: Root,
  signal: AbortSignal | undefined,
): Promise<readonly Root[]> {
  const size = await blobSize(layout, digest);
  if (size === undefined) return [];
  const named = { digest, size, ...(mediaType === undefined ? {} : { mediaType }) };
  const document = await readDocumentIfSound(layout, named, signal);
  if (document?.kind === "index") return document.index.manifests;
  return document ? [document.manifest.config, ...document.manifest.layers] : [];
}
