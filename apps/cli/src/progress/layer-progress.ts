import type { BuildEvent, BuildStage, Descriptor } from "@bootlayer/image-builder";

/** How far one layer is; in a pull or a push, one blob. */
export interface LayerProgress {
  readonly digest: string;
  /** Length of the blob in bytes. */
  readonly totalBytes: number;
  /** Bytes of the blob that have arrived, or that were sent. */
  readonly movedBytes: number;
  readonly cached: boolean;
  /** Bytes of the blob that were decompressed. */
  readonly flattenedBytes: number;
  /** Flattened and verified; in a pull or a push, in its place. */
  readonly done: boolean;
}

/** All that a person is shown of a build at one moment. */
export interface BuildProgress {
  readonly source: string;
  /** Stages that began and have not ended, the latest last. */
  readonly stages: readonly BuildStage[];
  /** Whether blobs are only moved, not flattened. */
  readonly isTransfer: boolean;
  /** The base layer first. */
  readonly layers: readonly LayerProgress[];
}

export const noProgress: BuildProgress = { source: "", stages: [], isTransfer: false, layers: [] };

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
        layers: event.layers.map(newLayer),
      };
    case "transfer-started":
      return { ...progress, source: event.name, isTransfer: true, layers: event.blobs.map(newLayer) };
    case "blob-bytes":
    case "blob-upload-bytes":
      return changeLayers(progress, event.digest, { movedBytes: event.bytes });
    case "blob-stored":
    case "blob-pushed":
      return changeLayers(progress, event.digest, {
        movedBytes: event.totalBytes,
        ...(progress.isTransfer && { done: true }),
      });
    case "blob-cached":
      return changeLayers(progress, event.digest, {
        movedBytes: event.totalBytes,
        cached: true,
        ...(progress.isTransfer && { done: true }),
      });
    case "layer-bytes":
      return changeLayer(progress, event.layer, { flattenedBytes: event.bytes });
    case "layer-verified":
      return changeLayer(progress, event.layer, { done: true });
    default:
      return progress;
  }
}

function newLayer({ digest, size }: Descriptor): LayerProgress {
  return { digest, totalBytes: size, movedBytes: 0, cached: false, flattenedBytes: 0, done: false };
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
