/**
 * One name for the manifests of several platforms that came one after another.
 *
 * A name of index.json stands for one thing: skopeo takes the first entry of a name whatever its platform, umoci refuses
 * a name with two. So the second platform makes a small index of those that are there, in which a reader finds its
 * platform as in any other (image-index.md): `skopeo copy --override-arch arm64 oci:STORE:NAME`. The registry's own index
 * would name manifests that are not in the store. The entry says that its index is of this kind:
 *
 *     index.json -> { ref.name: NAME, platforms: "joined" } -> index -> manifest for amd64
 *                                                                    -> manifest for arm64
 */
import { isDeepStrictEqual } from "node:util";
import {
  digestOf,
  mediaTypes,
  normalisePlatform,
  type Descriptor,
  type Platform,
} from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { readDocumentIfSound } from "./document.ts";
import { ingestBytes } from "./ingest.ts";
import type { Layout } from "./layout.ts";

const annotation = "org.bootlayer.platforms";
const joinedValue = "joined";

/** Whether an entry of index.json stands for an index that `joinPlatforms` made. */
export function isJoined({ annotations }: Descriptor): boolean {
  return (
    annotations !== undefined &&
    Object.hasOwn(annotations, annotation) &&
    annotations[annotation] === joinedValue
  );
}

/** The manifests, each with its platform, behind an entry of index.json. */
export async function platformsOf(layout: Layout, entry: Descriptor): Promise<readonly Descriptor[]> {
  if (!isJoined(entry)) return entry.platform === undefined ? [] : [entry];
  const document = await readDocumentIfSound(layout, entry);
  return document?.kind === "index" ? document.index.manifests.filter(({ platform }) => platform) : [];
}

/**
 * What a name shall stand for from now on: the descriptor itself; or, where it says its platform and the entries that had
 * the name hold others, an index of them all, which is brought into the store.
 */
export async function joinPlatforms(
  store: BlobStore,
  replaced: readonly Descriptor[],
  descriptor: Descriptor,
): Promise<Descriptor> {
  const { platform } = descriptor;
  if (platform === undefined) return descriptor;
  const held = (await Promise.all(replaced.map((entry) => platformsOf(store, entry)))).flat();
  const others = held.filter((other) => other.platform && !isSamePlatform(other.platform, platform));
  if (others.length === 0) return descriptor;
  const manifests = [...others, descriptor]
    .map(({ mediaType, digest, size, platform }) => ({ mediaType, digest, size, platform }))
    // Whichever came first, the same platforms are the same bytes.
    .toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  const index = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
  await ingestBytes(store, index, bytes);
  return { ...index, annotations: { [annotation]: joinedValue } };
}

/** Whatever features of the system they ask for. */
export function isSamePlatform(a: Platform, b: Platform): boolean {
  const { "os.features": _, ...one } = normalisePlatform(a);
  const { "os.features": __, ...other } = normalisePlatform(b);
  return isDeepStrictEqual(dropUndefined(one), dropUndefined(other));
}

/** Read from JSON a member is missing; in a program it may be there and undefined. */
function dropUndefined(platform: object): unknown {
  return JSON.parse(JSON.stringify(platform));
}
