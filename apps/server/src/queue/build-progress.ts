import type { BuildEvent } from "@bootlayer/image-builder";
import type { BuildEventData, LayerProgress } from "../catalogue/build-events.ts";
import type { BuildState } from "../catalogue/build.ts";

/** How far a build is, as its events tell. */
export interface BuildProgress {
  /** Answers with the state that the event leads to, where it leads to another one. */
  observe(event: BuildEvent): BuildState | undefined;
  snapshot(): BuildEventData["progress"];
}

/** States that follow each other in this order, whatever overlaps: none is gone back to. */
const order: readonly BuildState[] = ["resolving", "pulling", "flattening", "writing", "verifying"];

export function buildProgress(): BuildProgress {
  let state: BuildState = "resolving";
  let layers: readonly LayerProgress[] = [];
  let writtenBytes = 0;

  function change(isMeant: (layer: LayerProgress, at: number) => boolean, by: Partial<LayerProgress>): void {
    layers = layers.map((layer, at) => (isMeant(layer, at) ? { ...layer, ...by } : layer));
  }

  function advance(to: BuildState): BuildState | undefined {
    if (order.indexOf(to) <= order.indexOf(state)) return undefined;
    state = to;
    return to;
  }

  return {
    observe(event) {
      switch (event.kind) {
        case "resolved":
          layers = event.layers.map(({ digest, size }) => ({
            digest,
            pulledBytes: 0,
            flattenedBytes: 0,
            totalBytes: size,
            cached: false,
          }));
          return undefined;
        case "blob-bytes":
          change(({ digest }) => digest === event.digest, { pulledBytes: event.bytes });
          return undefined;
        case "blob-stored":
          change(({ digest }) => digest === event.digest, { pulledBytes: event.totalBytes });
          return undefined;
        case "blob-cached":
          change(({ digest }) => digest === event.digest, { pulledBytes: event.totalBytes, cached: true });
          return undefined;
        case "layer-bytes":
          change((_, at) => at === event.layer, { flattenedBytes: event.bytes });
          return undefined;
        case "layer-verified":
          // Once a layer has been read, reading is what the rest waits for.
          change((_, at) => at === event.layer, { flattenedBytes: layers[event.layer]?.totalBytes ?? 0 });
          return advance("flattening");
        case "stage-started":
          if (event.stage === "pull" || event.stage === "flatten") return advance("pulling");
          if (event.stage === "write") return advance("writing");
          return event.stage === "digest" ? advance("verifying") : undefined;
        case "stage-finished":
          if (event.stage === "write") writtenBytes = event.bytes;
          return undefined;
        default:
          return undefined;
      }
    },
    snapshot: () => ({ layers, writtenBytes }),
  };
}
