import type { BuildEvent, BuildState } from "@bootlayer/client";

type DataOf<Kind extends BuildEvent["kind"]> = Extract<BuildEvent, { kind: Kind }>["data"];
export type LayerProgress = DataOf<"progress">["layers"][number];
export type StageTime = DataOf<"stage">;

/** What is known of a build by its events so far. */
export interface BuildProgress {
  readonly state: BuildState;
  readonly position?: number | undefined;
  /** The base layer first. */
  readonly layers: readonly LayerProgress[];
  readonly writtenBytes: number;
  /** In the order in which they ended. */
  readonly stages: readonly StageTime[];
}

export function startOf(state: BuildState): BuildProgress {
  return { state, layers: [], writtenBytes: 0, stages: [] };
}

export function advance(progress: BuildProgress, event: BuildEvent): BuildProgress {
  switch (event.kind) {
    case "queued":
      // A build that went back to the queue begins anew.
      return { ...startOf("queued"), position: event.data.position };
    case "state":
      return { ...progress, state: event.data.state, position: undefined };
    case "resolved":
      return {
        ...progress,
        layers: event.data.layers.map(({ digest, size }) => ({
          digest,
          pulledBytes: 0,
          flattenedBytes: 0,
          totalBytes: size,
          cached: false,
        })),
      };
    case "progress":
      return { ...progress, layers: event.data.layers, writtenBytes: event.data.writtenBytes };
    case "stage":
      return {
        ...progress,
        stages: [...progress.stages.filter(({ stage }) => stage !== event.data.stage), event.data],
      };
    case "ready":
    case "failed":
    case "cancelled":
      return { ...progress, state: event.kind, position: undefined };
    default:
      event satisfies never;
      return progress;
  }
}

/** One layer in words; the bar says the same in widths. */
export function layerText({ pulledBytes, flattenedBytes, totalBytes, cached }: LayerProgress): string {
  if (flattenedBytes >= totalBytes) return "done";
  if (flattenedBytes > 0) return `flattened ${percentOf(flattenedBytes, totalBytes)}`;
  if (cached) return "in store";
  if (pulledBytes >= totalBytes) return "pulled";
  if (pulledBytes > 0) return `pulled ${percentOf(pulledBytes, totalBytes)}`;
  return "waiting";
}

function percentOf(part: number, whole: number): string {
  return `${Math.floor((part / whole) * 100)} %`;
}
