import {
  ingestBlob,
  openBlobStore,
  openLayout,
  readBlob,
  resolveImageInLayout,
  tagImage,
  type BlobStore,
} from "@bootlayer/blob-store";
import {
  hostPlatform,
  layerCompression,
  parsePlatform,
  type Descriptor,
  type Platform,
  type ResolvedImage,
} from "@bootlayer/image-spec";
import type { LayerSource } from "@bootlayer/layer-flattener";
import {
  createRegistryClient,
  dockerConfigCredentials,
  formatReference,
  resolveImage,
  type Reference,
  type RegistryClient,
} from "@bootlayer/registry-client";
import type { BuildRequest, Environment } from "./build-options.ts";
import type { BuildEvent } from "./events.ts";
import { pullBlobs } from "./pull.ts";
import { parseSource } from "./source.ts";
import type { StageClock } from "./stages.ts";
import { version } from "./version.ts";

/** An image whose documents are at hand. Disposing of it ends what it began. */
export interface OpenedSource extends AsyncDisposable {
  readonly image: ResolvedImage;
  /** Begins to bring in what is not at hand yet. */
  fetchLayers(): FetchedLayers;
}

/** Layers that can be read, perhaps while they still arrive. */
export interface FetchedLayers {
  /** The base layer first. Opening one that has not arrived waits for it. */
  readonly layers: readonly LayerSource[];
  /** Settles when all have arrived and the store, where there is one, knows the image by its name. */
  readonly complete: Promise<void>;
}

/** What opening reports to. */
export interface SourceContext {
  readonly clock: StageClock;
  readonly onEvent: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Finds the image that the request names.
 *
 * @throws {BuilderError} SOURCE_INVALID, and what references, registries, layouts and documents throw.
 */
export async function openSource(
  request: Pick<BuildRequest, "source" | "platform">,
  environment: Environment,
  context: SourceContext,
): Promise<OpenedSource> {
  const source = parseSource(request.source);
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform);
  if (source.kind === "registry")
    return openRegistrySource(request.source, source.reference, platform, environment, context);
  const { clock, onEvent, signal } = context;
  const layout = await openLayout(source.directory);
  const image = await clock.run("resolve", async () =>
    resolved(await resolveImageInLayout(layout, source.tag, platform, signal)),
  );
  reportResolved(request.source, image, onEvent);
  const layers = layerSources(image, (descriptor, signal) => readBlob(layout, descriptor, signal));
  return {
    image,
    fetchLayers: () => ({ layers, complete: Promise.resolve() }),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function openRegistrySource(
  name: string,
  reference: Reference,
  platform: Platform,
  environment: Environment,
  { clock, onEvent, signal }: SourceContext,
): Promise<OpenedSource> {
  const store = await openBlobStore(environment.store);
  const client = createRegistryClient({
    credentials: dockerConfigCredentials(),
    onEvent,
    userAgent: `bootlayer/${version}`,
    ...(environment.plainHttp === true ? { plainHttp: true } : {}),
  });
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
  await ingestBlob(store, manifest.config, once(configBytes), { signal });
  await ingestBlob(store, descriptor, once(manifestBytes), { signal });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function layerSources(
  { manifest, config }: ResolvedImage,
  open: (descriptor: Descriptor, signal: AbortSignal) => AsyncIterable<Uint8Array>,
): LayerSource[] {
  return manifest.layers.flatMap((descriptor, index) => {
    const diffId = config.rootfs.diff_ids[index];
    return diffId === undefined
      ? []
      : [{ descriptor, diffId, open: (signal: AbortSignal) => open(descriptor, signal) }];
  });
}

function resolved(image: ResolvedImage): { result: ResolvedImage; bytes: number } {
  return { result: image, bytes: image.manifestBytes.length + image.configBytes.length };
}

function reportResolved(
  source: string,
  { descriptor, platform, manifest }: ResolvedImage,
  onEvent: (event: BuildEvent) => void,
): void {
  onEvent({ kind: "resolved", source, digest: descriptor.digest, platform, layers: manifest.layers });
}
