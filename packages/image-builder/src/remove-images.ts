import { listImages, openBlobStore, StoreError, untagImage } from "@bootlayer/blob-store";
import { formatReference } from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { tryReference } from "./try-reference.ts";

/** Names that an error lists. */
const maxListedNames = 20;

/**
 * Takes images' names out of the store; garbage collection then takes what nothing else holds. A name is meant as it
 * stands, or else as the reference that it is short for (`alpine` for `docker.io/library/alpine:latest`). All of them are
 * looked up before any is taken. Answers with the full names.
 *
 * @throws {StoreError} STORE_IMAGE_NOT_FOUND, STORE_BUSY.
 */
export async function removeImages(
  names: readonly string[],
  { store: directory, signal: caller }: Pick<Environment, "store" | "signal">,
): Promise<readonly string[]> {
  return withCancellation(caller, async (signal) => {
    const store = await openBlobStore(directory);
    const known = new Set((await listImages(store)).flatMap(({ name }) => name ?? []));
    const meant = names.map((name) => {
      const full = [name, fullName(name)].find(
        (candidate) => candidate !== undefined && known.has(candidate),
      );
      if (full !== undefined) return full;
      const listed = [...known].slice(0, maxListedNames).join(", ");
      throw new StoreError(
        "STORE_IMAGE_NOT_FOUND",
        `${JSON.stringify(name.slice(0, 200))} is not in ${store.directory}`,
        known.size === 0 ? "it has no images" : `it has ${listed}`,
      );
    });
    const removed = [...new Set(meant)];
    for (const name of removed) await untagImage(store, name, { signal });
    return removed;
  });
}

function fullName(text: string): string | undefined {
  const reference = tryReference(text);
  return reference && formatReference(reference);
}
