import type { Descriptor, Digest } from "@bootlayer/image-spec";
import type { BuildEvent } from "./events.ts";

/** When what happened to one layer, in seconds since the work began. What did not happen is absent. */
export interface LayerReport {
  /** From 0, the base layer. */
  readonly layer: number;
  readonly digest: Digest;
  /** Length of the blob. */
  readonly bytes: number;
  /** Whether the store had the blob, or somebody else brought it there. */
  readonly cached: boolean;
  /** When a registry was asked for it first. */
  readonly requested?: number;
  readonly firstByte?: number;
  /** When all of it had arrived. */
  readonly lastByte?: number;
  /** When the first of its bytes went to be decompressed. */
  readonly flattening?: number;
  /** When all of it was read, verified, and its files' bytes laid down. */
  readonly flattened?: number;
}

export interface LayerTimes {
  readonly observe: (event: BuildEvent) => void;
  /** The base layer first. */
  reports(): readonly LayerReport[];
}

type Times = Pick<LayerReport, "requested" | "firstByte" | "lastByte" | "flattening" | "flattened">;

/** Learns from the events of a build when each layer came and went. */
export function layerTimes(now: () => number): LayerTimes {
  let layers: readonly Descriptor[] = [];
  const cached = new Set<Digest>();
  const arrivals = new Map<Digest, Times>();
  const readings = new Map<number, Times>();

  function note<Key>(times: Map<Key, Times>, key: Key, what: keyof Times, isLast = false): void {
    const known = times.get(key);
    if (isLast || known?.[what] === undefined) times.set(key, { ...known, [what]: now() });
  }

  return {
    observe(event) {
      switch (event.kind) {
        case "resolved":
          layers = event.layers;
          break;
        case "blob-requested":
          note(arrivals, event.digest, "requested");
          break;
        case "blob-bytes":
          note(arrivals, event.digest, "firstByte");
          if (event.bytes === event.totalBytes) note(arrivals, event.digest, "lastByte", true);
          break;
        case "blob-cached":
          cached.add(event.digest);
          break;
        case "layer-bytes":
          note(readings, event.layer, "flattening");
          break;
        case "layer-verified":
          note(readings, event.layer, "flattened");
          break;
        default:
      }
    },
    reports: () =>
      layers.map(({ digest, size }, layer) => ({
        layer,
        digest,
        bytes: size,
        cached: cached.has(digest),
        ...arrivals.get(digest),
        ...readings.get(layer),
      })),
  };
}
