import type { Digest } from "@bootlayer/image-spec";
import { maxDocumentBytes } from "@bootlayer/image-spec";
import { readDocumentIfSound } from "./document.ts";
import type { Layout } from "./layout.ts";
import type { ListedBlob } from "./list-blobs.ts";
import { reach, type Reached } from "./reachable.ts";

/** Signatures, bills of materials and the like that nothing names: by the digest of the manifest that they are about. */
export type Referrers = ReadonlyMap<Digest, readonly Digest[]>;

/**
 * Finds the manifests and indexes with a `subject` (image-spec manifest.md) among blobs.
 *
 * @throws the signal's reason when aborted.
 */
export async function findReferrers(
  layout: Layout,
  blobs: Iterable<Pick<ListedBlob, "digest" | "size">>,
  signal?: AbortSignal,
): Promise<Referrers> {
  const found = new Map<Digest, Digest[]>();
  for (const blob of blobs) {
    signal?.throwIfAborted();
    if (blob.size > maxDocumentBytes) continue;
    const document = await readDocumentIfSound(layout, blob, signal);
    const subject = document?.kind === "index" ? document.index.subject : document?.manifest.subject;
    if (subject) found.set(subject.digest, [...(found.get(subject.digest) ?? []), blob.digest]);
  }
  return found;
}

/** Adds the referrers of all that is reached, theirs too, and what they are made of. */
export async function reachReferrers(
  layout: Layout,
  referrers: Referrers,
  reached: Reached,
  signal?: AbortSignal,
): Promise<void> {
  for (let news = true; news;) {
    const roots = [...referrers]
      .flatMap(([subject, manifests]) => (reached.digests.has(subject) ? manifests : []))
      .filter((digest) => !reached.digests.has(digest));
    news = roots.length > 0;
    await reach(
      layout,
      roots.map((digest) => ({ digest })),
      reached,
      signal,
    );
  }
}
