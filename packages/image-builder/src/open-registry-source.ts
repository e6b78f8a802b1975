import { openBlobStore, readBlob } from "@bootlayer/blob-store";
import { layerCompression, type Platform } from "@bootlayer/image-spec";
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
import { storedDocument } from "./stored-document.ts";
import { pullIntoStore } from "./store-pull.ts";
import { wantedOf } from "./wanted.ts";

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
    resolved(
      await resolveImage(client, reference, platform, signal, { known: storedDocument(store, signal) }),
    ),
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
