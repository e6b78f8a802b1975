import type { ByteString, ImageWriter } from "@bootlayer/rootfs-tree";
import { createClaims } from "./claims.ts";
import { describeEntry, metadataBytes } from "./describe-entry.ts";
import { createAttributesOf } from "./entry-attributes.ts";
import { flattenError } from "./errors.ts";
import type { FlattenEvent } from "./events.ts";
import type { LayerEntry } from "./layer-entry.ts";
import type { LayerSource } from "./layer-source.ts";
import type { LayerLimits } from "./limits.ts";
import { readLayer } from "./read-layer.ts";

export interface WalkOptions {
  readonly contents: Pick<ImageWriter, "openContent">;
  readonly limits: LayerLimits;
  readonly keepXattr: (name: ByteString) => boolean;
  readonly onEvent: (event: FlattenEvent) => void;
}

export interface Walk {
  /** Each layer's entries in the archive's order, the base layer's first. */
  readonly layers: readonly (readonly LayerEntry[])[];
  readonly entries: number;
  readonly unpackedBytes: number;
  readonly contentBytes: number;
}

/**
 * Reads all layers once, from the top one down. A file's bytes go to the image writer as they come, unless the layers
 * above make it likely that nobody will see them.
 *
 * @param archives - gives each layer's archive by its place, the base layer's being 0; asked for from the top down.
 */
export async function walkLayers(
  layers: readonly LayerSource[],
  archives: (layer: number) => AsyncGenerator<Uint8Array>,
  { contents, limits, keepXattr, onEvent }: WalkOptions,
): Promise<Walk> {
  const claims = createClaims();
  const attributesOf = createAttributesOf(keepXattr);
  const described: LayerEntry[][] = [];
  let entries = 0;
  let metadata = 0;
  let unpackedBytes = 0;
  let contentBytes = 0;

  for (const [layer, { descriptor }] of [...layers.entries()].toReversed()) {
    const { digest } = descriptor;
    const name = `layer ${digest}`;
    const before = { entries, unpackedBytes };
    const own: LayerEntry[] = [];
    const exceeds = (what: string): Error =>
      flattenError("LAYER_LIMIT", `${name}: the layers hold over ${what}`);
    await readLayer(archives(layer), {
      name,
      limits,
      contents,
      onArchiveBytes(bytes) {
        unpackedBytes += bytes;
        if (unpackedBytes > limits.unpackedBytes) throw exceeds(`${limits.unpackedBytes} unpacked bytes`);
      },
      onEntry(tarEntry, ordinal) {
        if (++entries > limits.entries) throw exceeds(`${limits.entries} entries`);
        metadata += metadataBytes(tarEntry);
        if (metadata > limits.metadataBytes)
          throw exceeds(`${limits.metadataBytes} bytes of names and xattrs`);
        const entry = describeEntry(tarEntry, ordinal, { layer: name, limits, attributesOf });
        if (entry === undefined) return undefined;
        own.push(entry);
        if ((entry.kind !== "file" && entry.kind !== "pseudo-link") || entry.size === 0) return undefined;
        if (entry.kind === "file" && !claims.wants(entry.path)) return undefined;
        return (handle) => {
          entry.content = handle;
          contentBytes += entry.dataBytes;
        };
      },
    });
    // Nothing lies below the base layer, mostly the largest.
    if (layer > 0) claims.addLayer(own);
    described[layer] = own;
    onEvent({
      kind: "layer-verified",
      layer,
      digest,
      entries: entries - before.entries,
      unpackedBytes: unpackedBytes - before.unpackedBytes,
    });
  }
  return { layers: described, entries, unpackedBytes, contentBytes };
}
