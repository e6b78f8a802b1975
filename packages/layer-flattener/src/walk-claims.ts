import type { ByteString } from "@bootlayer/rootfs-tree";
import { createClaims } from "./claims.ts";
import type { LayerEntry } from "./layer-entry.ts";

/** Claims while several layers are read at the same time: each layer counts for those below it from its first entry on. */
export interface WalkClaims {
  addEntry(layer: number, entry: LayerEntry): void;
  /** The layer was read to its end; `entries` are all of it. */
  endLayer(layer: number, entries: readonly LayerEntry[]): void;
  /** Whether the final tree is likely to show the content that `layer` has at `path`, as far as is known now. */
  wants(layer: number, path: ByteString): boolean;
}

/** What is known of a layer that layers above it, still being read, keep from being settled. */
interface OpenLayer {
  /** Names that the layer has itself, or hides. */
  readonly paths: Set<ByteString>;
  /** Targets of its hard links: bytes that lower layers may have to give though the name is hidden. */
  readonly linked: Set<ByteString>;
  entries: readonly LayerEntry[] | undefined;
}

/** `layers`: how many there are; the base layer is 0. */
export function createWalkClaims(layers: number): WalkClaims {
  const settled = createClaims();
  const open = new Map<number, OpenLayer>();
  let nextToSettle = layers - 1;

  function openLayer(layer: number): OpenLayer {
    const known = open.get(layer) ?? { paths: new Set(), linked: new Set(), entries: undefined };
    open.set(layer, known);
    return known;
  }

  return {
    addEntry(layer, entry) {
      // Nothing lies below the base layer, mostly the largest.
      if (layer === 0 || entry.kind === "opaque" || entry.kind === "pseudo-link") return;
      const { paths, linked } = openLayer(layer);
      paths.add(entry.path);
      if (entry.kind === "hardlink") linked.add(entry.target);
    },
    endLayer(layer, entries) {
      openLayer(layer).entries = entries;
      for (let known = open.get(nextToSettle); known?.entries !== undefined; known = open.get(nextToSettle)) {
        if (nextToSettle > 0) settled.addLayer(known.entries);
        open.delete(nextToSettle--);
      }
    },
    wants(layer, path) {
      const above = [...open].filter(([other]) => other > layer).map(([, known]) => known);
      if (above.some(({ linked }) => linked.has(path))) return true;
      return !above.some(({ paths }) => paths.has(path)) && settled.wants(path);
    },
  };
}
