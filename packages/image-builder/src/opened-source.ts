import type { Descriptor, ResolvedImage } from "@bootlayer/image-spec";
import type { LayerSource } from "@bootlayer/layer-flattener";
import type { BuildEvent } from "./events.ts";
import type { StageClock } from "./stages.ts";

/** An image whose documents are at hand. Disposing of it ends what it began. */
export interface OpenedSource extends AsyncDisposable {
  readonly image: ResolvedImage;
  /** What of the source the image does not hold, a sentence each. */
  readonly warnings?: readonly string[];
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

/**
 * Runs `work` on layers while they arrive. What ends their coming ends the work too, which then rejects with it; the
 * result is given only when all layers are in their place.
 */
export async function withLayers<Result>(
  source: OpenedSource,
  signal: AbortSignal,
  work: (layers: readonly LayerSource[], signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { layers, complete } = source.fetchLayers();
  const failed = new AbortController();
  complete.catch((error: unknown) => failed.abort(error));
  const result = await work(layers, AbortSignal.any([signal, failed.signal]));
  await complete;
  return result;
}

/** What opening reports to. */
export interface SourceContext {
  readonly clock: StageClock;
  readonly onEvent: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

export function layerSources(
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

export function resolved(image: ResolvedImage): { result: ResolvedImage; bytes: number } {
  return { result: image, bytes: image.manifestBytes.length + image.configBytes.length };
}

export function reportResolved(
  source: string,
  { descriptor, platform, manifest }: ResolvedImage,
  onEvent: (event: BuildEvent) => void,
): void {
  onEvent({ kind: "resolved", source, digest: descriptor.digest, platform, layers: manifest.layers });
}
