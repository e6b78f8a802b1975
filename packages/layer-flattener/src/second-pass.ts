import type { ContentWriter } from "@bootlayer/rootfs-tree";
import { flattenError } from "./errors.ts";
import type { FlattenEvent } from "./events.ts";
import type { LayerSource } from "./layer-source.ts";
import type { LayerLimits } from "./limits.ts";
import { readLayer } from "./read-layer.ts";
import type { ReplayedFile } from "./replay.ts";

export interface SecondPassOptions {
  readonly contents: ContentWriter;
  readonly limits: LayerLimits;
  readonly onEvent: (event: FlattenEvent) => void;
}

/** The files of one layer whose bytes the walk passed over although the tree shows them. */
export interface MissedLayer {
  readonly layer: number;
  readonly files: readonly ReplayedFile[];
}

/** Sorts files by their layer, the top one first: the order of the walk. */
export function groupByLayer(files: readonly ReplayedFile[]): MissedLayer[] {
  const groups = Map.groupBy(files, ({ layer }) => layer);
  return [...groups].map(([layer, files]) => ({ layer, files })).toSorted((a, b) => b.layer - a.layer);
}

/**
 * Reads those layers again, each to its end and verified again, and gives the files their content.
 *
 * @param archives - gives a layer's archive; asked for in the order of `missed`.
 * @throws {FlattenError} LAYER_SOURCE_CHANGED if a layer no longer holds what it held.
 */
export async function readMissedContents(
  missed: readonly MissedLayer[],
  layers: readonly LayerSource[],
  archives: (place: number) => AsyncGenerator<Uint8Array>,
  { contents, limits, onEvent }: SecondPassOptions,
): Promise<void> {
  for (const [place, { layer, files }] of missed.entries()) {
    const digest = layers[layer]?.descriptor.digest;
    if (digest === undefined) continue;
    onEvent({ kind: "second-pass", layer, digest, files: files.length });
    const byOrdinal = new Map(files.map((file) => [file.entry.ordinal, file]));
    await readLayer(archives(place), {
      name: `layer ${digest}`,
      limits,
      contents,
      onEntry(entry, ordinal) {
        const file = byOrdinal.get(ordinal);
        if (file === undefined) return undefined;
        byOrdinal.delete(ordinal);
        if (entry.kind !== "file" || entry.size !== file.node.size)
          throw flattenError("LAYER_SOURCE_CHANGED", `layer ${digest} is not what it was when read first`);
        return {
          keep(handle) {
            file.node.content = handle;
          },
        };
      },
    });
  }
}
