import { holdBlobs, openBlobStore, readBlob, readDocument, StoreError } from "@bootlayer/blob-store";
import { resolveManifest, type Platform } from "@bootlayer/image-spec";
import { formatReference, type Reference } from "@bootlayer/registry-client";
import type { Environment } from "../build-options.ts";
import {
  layerSources,
  reportResolved,
  resolved,
  type OpenedSource,
  type SourceContext,
} from "../opened-source.ts";
import { findOwnManifest, readOwnManifest } from "./own-manifests.ts";

/** Whether a reference is one of this machine's own registry, which is never asked by a request. */
export function isOwnReference(
  { registry }: Pick<Reference, "registry">,
  { ownRegistries = [] }: Pick<Environment, "ownRegistries">,
): boolean {
  return ownRegistries.includes(registry);
}

/**
 * Finds in the store what was pushed to one of its own addresses. Nothing of it is collected until it is disposed of.
 *
 * @throws {StoreError} STORE_IMAGE_NOT_FOUND.
 */
export async function openOwnSource(
  name: string,
  reference: Reference,
  platform: Platform,
  environment: Environment,
  { clock, onEvent, signal }: SourceContext,
): Promise<OpenedSource> {
  const { repository, tag = "latest", digest } = reference;
  const store = await openBlobStore(environment.store);
  const registry = { store, hosts: environment.ownRegistries ?? [] };
  const found = await findOwnManifest(registry, repository, digest === undefined ? { tag } : { digest });
  if (!found)
    throw new StoreError(
      "STORE_IMAGE_NOT_FOUND",
      `nothing was pushed here as ${formatReference(reference)}`,
      "push it, or list the repository's tags",
    );
  await using opening = new AsyncDisposableStack();
  opening.use(await holdBlobs(store, [found.digest], { signal }));
  const image = await clock.run("resolve", async () => {
    const bytes = await readOwnManifest(registry, found, signal);
    return resolved(
      await resolveManifest({ ...found, bytes }, platform, (child) => readDocument(store, child, signal)),
    );
  });
  reportResolved(name, image, onEvent);
  const layers = layerSources(image, (descriptor, signal) => readBlob(store, descriptor, signal));
  const opened = opening.move();
  return {
    image,
    fetchLayers: () => ({ layers, complete: Promise.resolve() }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
