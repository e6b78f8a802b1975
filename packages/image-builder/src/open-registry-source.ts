import { ingestBytes, openBlobStore, readBlob, tagImage, type BlobStore } from "@bootlayer/blob-store";
import { layerCompression, type Descriptor, type Platform, type ResolvedImage } from "@bootlayer/image-spec";
import {
  formatReference,
  resolveImage,
  type Reference,
  type RegistryClient,
} from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import { connectRegistry } from "./connect-registry.ts";
import {
  layerSources,
  reportResolved,
  resolved,
  type FetchedLayers,
  type OpenedSource,
  type SourceContext,
} from "./opened-source.ts";
import { pullBlobs } from "./pull.ts";

/** Asks a registry for the image; its layers come into the store when they are fetched. */
export async function openRegistrySource(
  name: string,
  reference: Reference,
  platform: Platform,
  environment: Environment,
  { clock, onEvent, signal }: SourceContext,
): Promise<OpenedSource> {
  const store = await openBlobStore(environment.store);
  const client = connectRegistry(environment, onEvent);
  try {
    const image = await clock.run("resolve", async () =>
      resolved(await resolveImage(client, reference, platform, signal)),
    );
    reportResolved(name, image, onEvent);
    const pulls: FetchedLayers[] = [];
    return {
      image,
      fetchLayers() {
        const pull = pullImage(image, { store, client, reference, clock, onEvent, signal });
        pulls.push(pull);
        return pull;
      },
      async [Symbol.asyncDispose]() {
        await client.close();
        await Promise.allSettled(pulls.map(({ complete }) => complete));
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

interface Pulling extends SourceContext {
  readonly store: BlobStore;
  readonly client: RegistryClient;
  readonly reference: Reference;
}

function pullImage(
  image: ResolvedImage,
  { store, client, reference, clock, onEvent, signal }: Pulling,
): FetchedLayers {
  // Before anything is downloaded in vain.
  for (const { mediaType } of image.manifest.layers) layerCompression(mediaType);
  // The flattener asks for the top layer first.
  const wanted = image.manifest.layers.toReversed();
  const pull = pullBlobs({ store, client, reference, onEvent, signal }, wanted);
  const complete = clock.run("pull", async () => {
    await keepDocuments(store, image, signal);
    const bytes = await pull.complete;
    // Only now: the store's index never names an image whose blobs it lacks.
    await tagImage(store, formatReference(reference), image.descriptor, { signal });
    return { result: undefined, bytes };
  });
  // Whoever waits for it is told; until then a failure must not count as unhandled.
  complete.catch(() => {});

  async function* open(descriptor: Descriptor, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    await pull.arrived(descriptor.digest);
    yield* readBlob(store, descriptor, signal);
  }

  return { layers: layerSources(image, open), complete };
}

async function keepDocuments(
  store: BlobStore,
  { descriptor, manifest, manifestBytes, configBytes }: ResolvedImage,
  signal: AbortSignal,
): Promise<void> {
  await ingestBytes(store, manifest.config, configBytes, { signal });
  await ingestBytes(store, descriptor, manifestBytes, { signal });
}
