import * as fc from "fast-check";
import type { TarEntry, TarEntryKind } from "../tar-archive.ts";
import { operation, type Operation, type Place } from "./operation.ts";
import { attributeFields, sparseFields, spelled, textOrBytes } from "./operation-entry.ts";

/** The entries of each layer, the lowest first; `tarArchive` makes the archives. */
export type RandomLayers = readonly (readonly TarEntry[])[];

/**
 * Stacks of 1 to 5 layers over a few names, so that they meet in every way: whiteouts and opaque markers before and after
 * entries, type changes, hard links across layers, paths through symbolic links, implied parents, repeated names, sparse
 * files, devices, xattrs, times and owners at their edges.
 *
 * Made for comparison with umoci, so what umoci refuses (see judges/umoci-deviations.ts) is mostly not made, and neither
 * is what the rules leave open:
 * - a layer that hides a directory of lower layers, and after an entry below it at that, names each directory on the way to
 *   the entry: whether an implied one keeps the hidden one's attributes is not said;
 * - once a layer's entry went through a symbolic link, the layer hides nothing more: it might hide the link.
 */
export const randomLayers: fc.Arbitrary<RandomLayers> = fc
  .array(fc.array(operation, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 5 })
  .map(buildLayers);

type Kind = TarEntryKind;

/** What a layer did so far. Paths are compared as text: links on the way are not followed. */
interface LayerState {
  readonly entries: TarEntry[];
  /** Paths that got an entry. */
  readonly touched: Set<string>;
  /** Those of them that are directories now. */
  readonly named: Set<string>;
  /** Paths that were hidden. */
  readonly hidden: string[];
  wentThroughLink: boolean;
}

function buildLayers(layers: readonly (readonly Operation[])[]): RandomLayers {
  const tree = new Map<string, Kind>();
  return layers.map((operations) => {
    const layer: LayerState = {
      entries: [],
      touched: new Set(),
      named: new Set(),
      hidden: [],
      wentThroughLink: false,
    };
    for (const operation of operations) apply(operation, tree, layer);
    return layer.entries;
  });
}

function apply(operation: Operation, tree: Map<string, Kind>, layer: LayerState): void {
  switch (operation.kind) {
    case "root":
      layer.entries.push({
        name: "./",
        type: "directory",
        ...attributeFields(operation.attributes, "directory"),
      });
      return;
    case "whiteout":
    case "opaque":
      hide(operation, tree, layer);
      return;
    case "hardlink":
      placeParents(operation, tree, layer);
      addHardLink(operation, tree, layer);
      return;
    default:
      placeParents(operation, tree, layer);
      addNode(operation, tree, layer);
  }
}

type NodeOperation = Exclude<Operation, { readonly kind: "root" | "whiteout" | "opaque" | "hardlink" }>;

function addNode(operation: NodeOperation, tree: Map<string, Kind>, layer: LayerState): void {
  const { path, format } = operation;
  const name = spelled(path, operation);
  switch (operation.kind) {
    case "directory":
      layer.entries.push({
        name,
        type: "directory",
        format,
        ...attributeFields(operation.attributes, "directory"),
      });
      break;
    case "file":
      layer.entries.push({
        name,
        content: operation.content,
        format,
        ...attributeFields(operation.attributes, "file"),
      });
      break;
    case "sparse-file": {
      const { pax, content } = sparseFields(path, operation.sparse);
      const fields = attributeFields(operation.attributes, "file");
      layer.entries.push({
        name: "GNUSparseFile.0/sparse",
        content,
        ...fields,
        pax: { ...fields.pax, ...pax },
      });
      setNode(path, "file", tree, layer);
      return;
    }
    case "symlink": {
      const linkTarget = textOrBytes(operation.target);
      const fields = attributeFields(operation.attributes, "other");
      layer.entries.push({ name, type: "symlink", linkTarget, format, ...fields });
      break;
    }
    case "character-device":
    case "block-device": {
      const { kind: type, device } = operation;
      layer.entries.push({ name, type, device, format, ...attributeFields(operation.attributes, "other") });
      break;
    }
    case "fifo":
      layer.entries.push({ name, type: "fifo", format, ...attributeFields(operation.attributes, "other") });
  }
  setNode(path, operation.kind, tree, layer);
}

function addHardLink(
  operation: Extract<Operation, { readonly kind: "hardlink" }>,
  tree: Map<string, Kind>,
  layer: LayerState,
): void {
  const { path, choice, format } = operation;
  // What stands at the path goes first, with all below it, so it cannot be the target.
  const targets = [...tree].filter(([name, kind]) => kind !== "directory" && !isAtOrBelow(name, path));
  const [target, kind] = targets[choice % targets.length] ?? [];
  if (target === undefined || kind === undefined) return;
  const linkTarget = spelled(target, operation);
  layer.entries.push({ name: spelled(path, operation), type: "hardlink", linkTarget, format });
  setNode(path, kind, tree, layer);
}

function setNode(path: string, kind: Kind, tree: Map<string, Kind>, layer: LayerState): void {
  if (kind !== "directory") for (const name of tree.keys()) if (isAtOrBelow(name, path)) tree.delete(name);
  tree.set(path, kind);
  layer.touched.add(path);
  if (kind === "directory") layer.named.add(path);
  else layer.named.delete(path);
}

/** A file on the way becomes a directory by an entry of its own: umoci does not imply a directory over a file. */
function placeParents(operation: Place, tree: Map<string, Kind>, layer: LayerState): void {
  for (const parent of ancestors(operation.path)) {
    const kind = tree.get(parent);
    if (kind === "directory") continue;
    if (kind === "symlink") {
      layer.wentThroughLink = true;
      return;
    }
    const hidden = layer.hidden.some((path) => isAtOrBelow(parent, path));
    if (kind === undefined && !operation.namesParents && !hidden) tree.set(parent, "directory");
    else {
      layer.entries.push({ name: spelled(`${parent}/`, operation), type: "directory", mtime: 1_500_000_000 });
      setNode(parent, "directory", tree, layer);
    }
  }
}

function hide(
  operation: Extract<Operation, { readonly kind: "whiteout" | "opaque" }>,
  tree: Map<string, Kind>,
  layer: LayerState,
): void {
  const { kind, path, format } = operation;
  if (layer.wentThroughLink) return;
  const way = kind === "opaque" ? [...ancestors(path), path] : ancestors(path);
  const kinds = way.map((parent) => tree.get(parent));
  if (kinds.includes("symlink") && layer.touched.size > 0) return;
  if (kinds.some((found) => found !== undefined && found !== "directory" && found !== "symlink")) return;
  for (const touched of layer.touched)
    for (const parent of ancestors(touched)) {
      const mustBeNamed = kind === "whiteout" ? isAtOrBelow(parent, path) : isBelow(parent, path);
      if (mustBeNamed && !layer.named.has(parent)) return;
    }
  layer.entries.push({ name: spelled(markerName(kind, path), operation), format });
  layer.hidden.push(path);
  for (const name of tree.keys()) {
    const covered = kind === "whiteout" ? isAtOrBelow(name, path) : isBelow(name, path);
    const ownLayer = [...layer.touched].some((touched) => isAtOrBelow(touched, name));
    if (covered && !ownLayer) tree.delete(name);
  }
}

function markerName(kind: "whiteout" | "opaque", path: string): string {
  if (kind === "opaque") return `${path}/.wh..wh..opq`;
  const cut = path.lastIndexOf("/") + 1;
  return `${path.slice(0, cut)}.wh.${path.slice(cut)}`;
}

/** From the top down, without the path itself. */
function ancestors(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || isBelow(path, directory);
}
