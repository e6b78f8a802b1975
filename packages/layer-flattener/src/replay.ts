import {
  displayText,
  type ByteString,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import { splitLast } from "./entry-path.ts";
import { flattenError } from "./errors.ts";
import type { DirectoryEntry, FileEntry, HardLinkEntry, LayerEntry, SpecialEntry } from "./layer-entry.ts";
import { createLayerMarks, type LayerMarks } from "./layer-marks.ts";
import { impliedDirectory, openParent, type DirectoryPlace } from "./open-parent.ts";

/** A file's node and what it was made from: its content may still have to be found. */
export interface ReplayedFile {
  readonly node: { -readonly [Key in keyof FileNode]: FileNode[Key] };
  readonly entry: FileEntry;
  readonly layer: number;
}

export interface Replay {
  readonly root: DirectoryNode;
  /** All files of all layers, whether or not the tree still has them. */
  readonly files: readonly ReplayedFile[];
}

export interface ReplayOptions {
  /** Names a layer, by its place, in errors. */
  readonly layerName: (layer: number) => string;
  /** How many directories an entry may have above it. */
  readonly depth: number;
}

/**
 * Builds the tree from what the layers say, from the base up, by the rules of image-spec layer.md, "Applying
 * Changesets". A pure function of the entries: nothing of what the walk guessed enters here.
 *
 * @throws {FlattenError} LAYER_LINK_TARGET, LAYER_PATH_LOOP, LAYER_LIMIT.
 */
export function replayLayers(
  layers: readonly (readonly LayerEntry[])[],
  { layerName, depth }: ReplayOptions,
): Replay {
  const root = impliedDirectory();
  const files: ReplayedFile[] = [];
  for (const [layer, entries] of layers.entries()) {
    const state = createLayerState(root, layerName(layer), depth, (node, entry) =>
      files.push({ node, entry, layer }),
    );
    for (const entry of entries) state.apply(entry);
    state.finish();
  }
  return { root, files };
}

/** A hard link whose target its layer has not given yet. */
interface WaitingLink {
  readonly entry: HardLinkEntry;
  readonly place: DirectoryPlace;
  readonly name: ByteString;
}

function createLayerState(
  root: DirectoryNode,
  layer: string,
  depth: number,
  onFile: (node: ReplayedFile["node"], entry: FileEntry) => void,
): { apply(entry: LayerEntry): void; finish(): void } {
  const marks: LayerMarks = createLayerMarks();
  const pseudoLinks = new Map<ByteString, FileNode>();
  const waiting: WaitingLink[] = [];

  /** The directory that holds an entry, made if it is missing and `create` says so. */
  function parentOf(path: ByteString, create: boolean): DirectoryPlace | undefined {
    const place = openParent(root, splitLast(path).parent, { create, depth });
    if (typeof place === "object") return place;
    if (place === "missing") return undefined;
    throw place === "symlink-loop"
      ? flattenError("LAYER_PATH_LOOP", `${layer}: ${displayText(path)} leads through a loop of symlinks`)
      : flattenError("LAYER_LIMIT", `${layer}: ${displayText(path)} lies under over ${depth} directories`);
  }

  function put(place: DirectoryPlace, name: ByteString, node: RootfsNode, entry: LayerEntry): void {
    place.directory.entries.set(name, node);
    marks.mark(place, name, entry);
  }

  function putNode(entry: FileEntry | SpecialEntry, node: RootfsNode): void {
    const place = parentOf(entry.path, true);
    if (place !== undefined) put(place, splitLast(entry.path).name, node, entry);
  }

  function fileNode(entry: FileEntry): FileNode {
    const node = {
      kind: "file" as const,
      attributes: entry.attributes,
      size: entry.size,
      content: entry.content,
    };
    onFile(node, entry);
    return node;
  }

  /** A directory merges with one that is there: new attributes, old children. Over all else it is a new one. */
  function putDirectory(entry: DirectoryEntry): void {
    if (entry.path === "") {
      root.attributes = entry.attributes;
      return;
    }
    const place = parentOf(entry.path, true);
    if (place === undefined) return;
    const { name } = splitLast(entry.path);
    const old = place.directory.entries.get(name);
    const directory = old?.kind === "directory" ? old : impliedDirectory();
    directory.attributes = entry.attributes;
    put(place, name, directory, entry);
  }

  function linkFault(entry: HardLinkEntry, what: string): Error {
    const names = `hard link ${displayText(entry.path)} to ${displayText(entry.target)}`;
    return flattenError("LAYER_LINK_TARGET", `${layer}: ${names}: ${what}`);
  }

  /** The inode that a hard link names: its parents' symlinks are followed, it itself is not. */
  function linkTarget(
    entry: HardLinkEntry,
    link: DirectoryPlace,
    linkName: ByteString,
  ): RootfsNode | undefined {
    const pseudoLink = pseudoLinks.get(entry.target);
    if (pseudoLink !== undefined) return pseudoLink;
    if (entry.target === "") throw linkFault(entry, "the target is a directory");
    const place = parentOf(entry.target, false);
    const { name } = splitLast(entry.target);
    if (place?.directory === link.directory && name === linkName) throw linkFault(entry, "it names itself");
    const target = place?.directory.entries.get(name);
    if (target?.kind === "directory") throw linkFault(entry, "the target is a directory");
    return target;
  }

  function putHardLink(entry: HardLinkEntry): void {
    const place = parentOf(entry.path, true);
    if (place === undefined) return;
    const { name } = splitLast(entry.path);
    const target = linkTarget(entry, place, name);
    if (target !== undefined) {
      put(place, name, target, entry);
      return;
    }
    // Marked now, so that a later entry of the same name is seen to win.
    marks.mark(place, name, entry);
    waiting.push({ entry, place, name });
  }

  function apply(entry: LayerEntry): void {
    switch (entry.kind) {
      case "whiteout": {
        const place = parentOf(entry.path, false);
        if (place !== undefined) marks.hide(place.directory, splitLast(entry.path).name);
        return;
      }
      case "opaque": {
        const place = openParent(root, entry.path, { create: false, depth });
        if (typeof place === "object") marks.hideBelow(place.directory);
        return;
      }
      case "pseudo-link":
        pseudoLinks.set(entry.path, fileNode(entry));
        return;
      case "directory":
        putDirectory(entry);
        return;
      case "hardlink":
        putHardLink(entry);
        return;
      case "file":
        putNode(entry, fileNode(entry));
        return;
      default:
        putNode(entry, specialNode(entry));
    }
  }

  /** Links to names that came later in the layer, once more in order; those that a later entry replaced are void. */
  function finish(): void {
    for (const { entry, place, name } of waiting) {
      if (marks.givenBy(place.directory, name) !== entry) continue;
      const target = linkTarget(entry, place, name);
      if (target === undefined) throw linkFault(entry, "no layer has the target");
      put(place, name, target, entry);
    }
  }

  return { apply, finish };
}

function specialNode(entry: SpecialEntry): RootfsNode {
  const { kind, attributes } = entry;
  if (kind === "symlink") return { kind, attributes, target: entry.target };
  return kind === "fifo" ? { kind, attributes } : { kind, attributes, device: entry.device };
}
