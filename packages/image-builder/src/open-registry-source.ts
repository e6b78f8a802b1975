import { openBlobStore, readBlob } from "@bootlayer/blob-store";
import { layerCompression, type Platform, type ResolvedImage } from "@bootlayer/image-spec";
import { resolveImage, type Reference } from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import { connectRegistry } from "./connect-registry.ts";
import {
  layerSources,
  reportResolved,
  resolved,
  type OpenedSource,
  type SourceContext,
} from "./opened-source.ts";
import { pullIntoStore, type StorePull } from "./store-pull.ts";

/** Asks a registry for the image; its layers come into the store when they are fetched, and are read on their way. */
export async function openRegistrySource(
  name: string,
  reference: Reference,
  platform: Platform,
  environment: Environment,
  context: SourceContext,
): Promise<OpenedSource> {
  const { clock, onEvent, signal } = context;
  await using opening = new AsyncDisposableStack();
  const store = await openBlobStore(environment.store);
  const client = connectRegistry(environment, onEvent);
  opening.defer(() => client.close());
  const image = await clock.run("resolve", async () =>
    resolved(await resolveImage(client, reference, platform, signal)),
  );
  reportResolved(name, image, onEvent);
  const opened = opening.move();
  return {
    image,
    fetchLayers() {
      // Before anything is downloaded in vain.
      for (const { mediaType } of image.manifest.layers) layerCompression(mediaType);
      const pull = pullIntoStore({ ...context, store, client, reference, ...wantedOf(image) });
      // Last in, first out: while the pull is waited for, the client still serves it.
      opened.use(pull);
      let isStored = false;
      const complete = pull.complete.then(() => void (isStored = true));
      complete.catch(() => {});
      const layers = layerSources(image, (descriptor, signal) =>
        isStored ? readBlob(store, descriptor, signal) : pull.read(descriptor, signal),
      );
      return { layers, complete };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The flattener reads the layers from the top one down: so they are asked for. */
export function wantedOf({
  descriptor,
  platform,
  manifest,
  manifestBytes,
  configBytes,
}: ResolvedImage): Pick<StorePull, "documents" | "blobs" | "top"> {
  return {
    documents: [
      { descriptor: manifest.config, bytes: configBytes },
      { descriptor, bytes: manifestBytes },
    ],
    blobs: manifest.layers.toReversed(),
    // Another platform that has the same name in the store keeps it.
    top: { ...descriptor, platform },
  };
}
