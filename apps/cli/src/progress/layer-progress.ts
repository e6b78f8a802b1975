import type { BuildEvent, BuildStage } from "@bootlayer/image-builder";

/** How far one layer is. */
export interface LayerProgress {
  readonly digest: string;
  /** Length of the blob in bytes. */
  readonly totalBytes: number;
  /** Bytes of the blob that are in the store. */
  readonly pulledBytes: number;
  readonly cached: boolean;
  /** Bytes of the blob that were decompressed. */
  readonly flattenedBytes: number;
  readonly verified: boolean;
}

/** All that a person is shown of a build at one moment. */
export interface BuildProgress {
  readonly source: string;
  /** Stages that began and have not ended, the latest last. */
  readonly stages: readonly BuildStage[];
  /** The base layer first. */
  readonly layers: readonly LayerProgress[];
}

export const noProgress: BuildProgress = { source: "", stages: [], layers: [] };

/** The progress after one more event; the same value where the event changes nothing that is shown. */
export function advanceProgress(progress: BuildProgress, event: BuildEvent): BuildProgress {
  switch (event.kind) {
    case "stage-started":
      return { ...progress, stages: [...progress.stages, event.stage] };
    case "stage-finished":
      return { ...progress, stages: progress.stages.filter((stage) => stage !== event.stage) };
    case "resolved":
      return {
        ...progress,
        source: event.source,
        layers: event.layers.map(({ digest, size }) => ({
          digest,
          totalBytes: size,
          pulledBytes: 0,
          cached: false,
          flattenedBytes: 0,
          verified: false,
        })),
      };
    case "blob-bytes":
      return changeLayers(progress, event.digest, { pulledBytes: event.bytes });
    case "blob-cached":
      return changeLayers(progress, event.digest, { pulledBytes: event.totalBytes, cached: true });
    case "layer-bytes":
      return changeLayer(progress, event.layer, { flattenedBytes: event.bytes });
    case "layer-verified":
      return changeLayer(progress, event.layer, { verified: true });
    default:
      return progress;
  }
}

/** An image may hold one blob as several layers. */
function changeLayers(
  progress: BuildProgress,
  digest: string,
  change: Partial<LayerProgress>,
): BuildProgress {
  return {
    ...progress,
    layers: progress.layers.map((layer) => (layer.digest === digest ? { ...layer, ...change } : layer)),
  };
}

function changeLayer(progress: BuildProgress, index: number, change: Partial<LayerProgress>): BuildProgress {
  return {
    ...progress,
    layers: progress.layers.map((layer, at) => (at === index ? { ...layer, ...change } : layer)),
  };
}
