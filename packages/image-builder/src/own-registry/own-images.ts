import { listImages, openBlobStore } from "@bootlayer/blob-store";
import type { Digest, Platform } from "@bootlayer/image-spec";
import type { Environment } from "../build-options.ts";
import { withCancellation } from "../cancellation.ts";
import { platformsOf } from "../stored-images.ts";

/** An image that was pushed to a registry of this machine's own, and has a tag. */
export interface OwnImage {
  /** `HOST/REPOSITORY:TAG` as it was pushed, which a build takes for its source. */
  readonly name: string;
  /** Of its manifest, or of the index that names those of several platforms. */
  readonly digest: Digest;
  readonly platforms: readonly Platform[];
}

export interface OwnImagesRequest {
  /** The registry's hosts, as references spell them. */
  readonly hosts: readonly string[];
  /** The name behind which to begin. */
  readonly after?: string | undefined;
  /** How many tags to look at. */
  readonly limit: number;
}

/**
 * Images that were pushed, in the order of their names' bytes. Signatures and finished disks have tags too: they have no platform and
 * are passed over, so there may be fewer than `limit`. `next` is the `after` of what follows; absent where nothing does.
 *
 * @throws {StoreError} STORE_INVALID.
 */
export async function listOwnImages(
  { hosts, after = "", limit }: OwnImagesRequest,
  { store: directory, signal: caller }: Pick<Environment, "store" | "signal">,
): Promise<{ readonly images: readonly OwnImage[]; readonly next?: string | undefined }> {
  return withCancellation(caller, async (signal) => {
    const store = await openBlobStore(directory);
    const tags = (await listImages(store)).flatMap(({ name, descriptor }) =>
      name !== undefined && name > after && isTagOf(hosts, name) ? [{ name, descriptor }] : [],
    );
    const page = tags.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
    const images: OwnImage[] = [];
    for (const { name, descriptor } of page) {
      const platforms = await platformsOf(store, descriptor, signal);
      if (platforms.length > 0) images.push({ name, digest: descriptor.digest, platforms });
    }
    return { images, next: page.length < tags.length ? page.at(-1)?.name : undefined };
  });
}

/** What has no tag is named by its digest. */
function isTagOf(hosts: readonly string[], name: string): boolean {
  return !name.includes("@") && hosts.some((host) => name.startsWith(`${host}/`));
}
