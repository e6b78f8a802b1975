import type { ByteString } from "@bootlayer/rootfs-tree";
import type { LayerEntry } from "./layer-entry.ts";

/**
 * What the layers above have already decided, by path alone: a guess at which bytes a lower layer need not give. Paths
 * that run through symlinks can fool it both ways; the replay decides.
 */
export interface Claims {
  /** Whether the final tree is likely to show the content that the next lower layer has at `path`. */
  wants(path: ByteString): boolean;
  /** Adds a layer once it is read to its end: entries of one layer never hide each other. */
  addLayer(entries: readonly LayerEntry[]): void;
}

interface ClaimedPath {
  /** Set: lower layers show nothing below this path. */
  hidesBelow: boolean;
  names: Map<string, ClaimedPath> | undefined;
}

/** Shared by all paths below which nothing can be: most of them. */
const leaf: ClaimedPath = { hidesBelow: true, names: undefined };

export function createClaims(): Claims {
  const root: ClaimedPath = { hidesBelow: false, names: undefined };
  /** Targets of hard links that lower layers have yet to give. */
  const linked = new Set<ByteString>();

  function isHidden(path: ByteString): boolean {
    let at = root;
    for (const name of path.split("/")) {
      if (at.hidesBelow) return true;
      const below = at.names?.get(name);
      if (below === undefined) return false;
      at = below;
    }
    return true;
  }

  function wants(path: ByteString): boolean {
    return linked.has(path) || !isHidden(path);
  }

  function claim(path: ByteString, hidesBelow: boolean): void {
    let at = root;
    if (path !== "") {
      const names = path.split("/");
      for (const [index, name] of names.entries()) {
        if (at.hidesBelow) return;
        at.names ??= new Map();
        const below = at.names.get(name);
        const isLast = index === names.length - 1;
        if (isLast && hidesBelow) {
          at.names.set(name, leaf);
          return;
        }
        const next = below ?? { hidesBelow: false, names: undefined };
        if (below === undefined) at.names.set(name, next);
        at = next;
      }
    }
    if (hidesBelow) [at.hidesBelow, at.names] = [true, undefined];
  }

  return {
    wants,
    addLayer(entries) {
      const targets = new Set<ByteString>();
      for (const entry of entries)
        if (entry.kind === "hardlink" && wants(entry.path)) targets.add(entry.target);
      for (const { kind, path } of entries)
        if (kind !== "directory" && kind !== "opaque" && kind !== "whiteout") {
          targets.delete(path);
          linked.delete(path);
        }
      for (const { kind, path } of entries) if (kind !== "pseudo-link") claim(path, kind !== "directory");
      for (const target of targets) linked.add(target);
    },
  };
}
