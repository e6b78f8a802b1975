import type { ByteString, DirectoryNode } from "@bootlayer/rootfs-tree";
import type { LayerEntry } from "./layer-entry.ts";
import { impliedAttributes, type DirectoryPlace } from "./open-parent.ts";

/**
 * Which names the layer at hand has given, so that its whiteouts leave them alone wherever they stand in the archive.
 */
export interface LayerMarks {
  /** Notes that `entry` gave this name, and that all directories above it belong to the layer too. */
  mark(place: DirectoryPlace, name: ByteString, entry: LayerEntry): void;
  /** The entry that gave the name last; undefined if none did, or if it is only a directory on the way to one. */
  givenBy(directory: DirectoryNode, name: ByteString): LayerEntry | undefined;
  /** Takes away what lower layers have under this name. */
  hide(directory: DirectoryNode, name: ByteString): void;
  /** Takes away what lower layers have in this directory. */
  hideBelow(directory: DirectoryNode): void;
}

export function createLayerMarks(): LayerMarks {
  /** A directory on the way to an entry, but named by none, is `implied`. */
  const marks = new Map<DirectoryNode, Map<ByteString, LayerEntry | "implied">>();

  /** Directories in which nothing of lower layers is left: hiding again would only look at each name again. */
  const cleared = new Set<DirectoryNode>();

  function set(directory: DirectoryNode, name: ByteString, by: LayerEntry | "implied"): void {
    const names = marks.get(directory);
    if (names === undefined) marks.set(directory, new Map([[name, by]]));
    else names.set(name, by);
  }

  function hide(directory: DirectoryNode, name: ByteString): void {
    const by = marks.get(directory)?.get(name);
    if (by === undefined) {
      directory.entries.delete(name);
      return;
    }
    const node = directory.entries.get(name);
    if (node?.kind !== "directory") return;
    // The lower directory is gone; one of the layer's own has its place, described by nobody.
    if (by === "implied") node.attributes = impliedAttributes;
    hideBelow(node);
  }

  function hideBelow(directory: DirectoryNode): void {
    if (cleared.has(directory)) return;
    cleared.add(directory);
    for (const name of directory.entries.keys()) hide(directory, name);
  }

  return {
    mark({ directory, above }, name, entry) {
      set(directory, name, entry);
      for (const parent of above.toReversed()) {
        if (marks.get(parent.directory)?.has(parent.name) === true) break;
        set(parent.directory, parent.name, "implied");
      }
    },
    givenBy(directory, name) {
      const by = marks.get(directory)?.get(name);
      return by === "implied" ? undefined : by;
    },
    hide,
    hideBelow,
  };
}
