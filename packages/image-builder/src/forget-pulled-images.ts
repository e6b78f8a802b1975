import { listImages, openBlobStore, untagImage } from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";
import type { Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { readLink } from "./own-registry/repository-links.ts";
import { tryReference } from "./try-reference.ts";

/**
 * Takes the names of images out of the store that were pulled by their digest, as whoever builds from a digest does, unless
 * `isNeeded` says of their manifest that they are to stay; garbage collection then takes what nothing else holds. What was
 * pushed to a registry of this store's own stays, and so does what was pulled by a tag. Who uses one meanwhile holds it by a
 * lease. Answers with the names.
 *
 * @throws {StoreError} STORE_INVALID, STORE_BUSY. @throws {DurableFileError}
 */
export async function forgetPulledImages(
  isNeeded: (manifest: Digest) => boolean,
  {
    store: directory,
    ownRegistries = [],
    signal: caller,
  }: Pick<Environment, "store" | "ownRegistries" | "signal">,
): Promise<readonly string[]> {
  return withCancellation(caller, async (signal) => {
    const store = await openBlobStore(directory);
    const forgotten: string[] = [];
    for (const { name, descriptor } of await listImages(store)) {
      const { digest } = descriptor;
      const reference = name === undefined ? undefined : tryReference(name);
      if (name === undefined || reference?.digest !== digest || isNeeded(digest)) continue;
      const { registry, repository } = reference;
      // The addresses of the registry may have been others when it was pushed.
      const isPushed =
        ownRegistries.includes(registry) ||
        (await readLink({ store, repository, digest, kind: "manifests" })) !== undefined;
      if (!isPushed && (await untagImage(store, name, { digest, signal }))) forgotten.push(name);
    }
    return forgotten;
  });
}
