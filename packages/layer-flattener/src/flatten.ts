import { layerCompression } from "@bootlayer/image-spec";
import type { DirectoryNode, FileNode, ContentWriter, RootfsNode } from "@bootlayer/rootfs-tree";
import { abortable } from "./abortable.ts";
import { readAhead } from "./decompress/read-ahead.ts";
import type { LayerSource } from "./layer-source.ts";
import {
  parseFlattenOptions,
  type FlattenOptions,
  type ParsedFlattenOptions,
  type ReadFile,
} from "./options.ts";
import { fileReader } from "./read-file.ts";
import { replayLayers, type Replay, type ReplayedFile } from "./replay.ts";
import { groupByLayer, readMissedContents, type MissedLayer } from "./second-pass.ts";
import { walkLayers, type Walk } from "./walk.ts";

export interface FlattenStatistics {
  /** Entries of all layers' archives, whiteouts included. */
  readonly entries: number;
  /** Length of all blobs, each layer once. */
  readonly compressedBytes: number;
  /** Length of all archives, each layer once. */
  readonly unpackedBytes: number;
  /** Bytes that the image writer was given. */
  readonly contentBytes: number;
  /** Files, and bytes of them, that it was given and that the tree does not show. */
  readonly contentWrittenInVain: { readonly files: number; readonly bytes: number };
  /** Files that the walk passed over and a second reading had to find, and how many layers that took. */
  readonly secondPassFiles: number;
  readonly secondPassLayers: number;
}

export interface FlattenedImage {
  readonly root: DirectoryNode;
  readonly statistics: FlattenStatistics;
  readonly readFile: ReadFile;
}

/**
 * Makes one tree of an image's layers by the rules of image-spec layer.md, "Applying Changesets". Each layer is read
 * once, from the top one down, and verified: blob digest, size and diff ID. The bytes of what the tree shows go to
 * `contents` on the way, in an order that depends on the layers alone; the tree refers to them by the handles.
 *
 * @param layers - the base layer first, as in a manifest.
 * @throws {FlattenError} any of its codes. @throws {TarError} any of its codes. @throws {ImageSpecError} BLOB_SIZE,
 * BLOB_DIGEST, MEDIA_TYPE_UNSUPPORTED. What a source or `contents` throws, and the signal's reason, pass through.
 */
export async function flattenLayers(
  layers: readonly LayerSource[],
  contents: ContentWriter,
  options: FlattenOptions = {},
): Promise<FlattenedImage> {
  const parsed = parseFlattenOptions(options);
  parsed.signal.throwIfAborted();
  for (const { descriptor } of layers) layerCompression(descriptor.mediaType);

  const { layers: allLayers, walk, replay } = await addTopLayer(layers, contents, parsed);
  const { root, files } = replay;
  const shown = shownFiles(root);
  const missed = groupByLayer(
    files.filter(({ node }) => shown.has(node) && node.size > 0 && node.content === undefined),
  );
  if (missed.length > 0) await readMissed(missed, allLayers, contents, parsed);

  const secondPass = missed.flatMap(({ files }) => files);
  const inVain = files.filter(({ node, entry }) => entry.content !== undefined && !shown.has(node));
  return {
    root,
    readFile: fileReader(files, walk.remembered, allLayers, parsed),
    statistics: {
      entries: walk.entries,
      compressedBytes: allLayers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
      unpackedBytes: walk.unpackedBytes,
      contentBytes: walk.contentBytes + sumDataBytes(secondPass),
      contentWrittenInVain: { files: inVain.length, bytes: sumDataBytes(inVain) },
      secondPassFiles: secondPass.length,
      secondPassLayers: missed.length,
    },
  };
}

/** Layers that were read, what they said, and the tree of it. */
interface ReadLayers {
  readonly layers: readonly LayerSource[];
  readonly walk: Walk;
  readonly replay: Replay;
}

async function walkAndReplay(
  layers: readonly LayerSource[],
  contents: ContentWriter,
  options: ParsedFlattenOptions,
): Promise<ReadLayers> {
  const walk = await walkAll(layers, contents, options);
  return { layers, walk, replay: replay(walk, layers, options) };
}

function replay(walk: Walk, layers: readonly LayerSource[], { limits }: ParsedFlattenOptions): Replay {
  return replayLayers(walk.layers, {
    layerName: (layer) => `layer ${layers[layer]?.descriptor.digest ?? layer}`,
    depth: limits.depth,
  });
}

/**
 * Reads all layers, and then the one that is made from their tree. What it replaces has been written in vain; a second
 * replay decides the tree, as if the layer had been there from the start.
 */
async function addTopLayer(
  layers: readonly LayerSource[],
  contents: ContentWriter,
  options: ParsedFlattenOptions,
): Promise<ReadLayers> {
  const below = await walkAndReplay(layers, contents, options);
  const { root, files } = below.replay;
  const readFile = fileReader(files, below.walk.remembered, layers, options);
  const top = await options.topLayer?.({ root, readFile });
  if (top === undefined) return below;
  layerCompression(top.descriptor.mediaType);
  const above = await walkAll([top], contents, { ...options, onEvent: () => {} });
  const walk: Walk = {
    layers: [...below.walk.layers, ...above.layers],
    entries: below.walk.entries + above.entries,
    unpackedBytes: below.walk.unpackedBytes + above.unpackedBytes,
    contentBytes: below.walk.contentBytes + above.contentBytes,
    remembered: new Map([...below.walk.remembered, ...above.remembered]),
  };
  const all = [...layers, top];
  return { layers: all, walk, replay: replay(walk, all, options) };
}

async function walkAll(
  layers: readonly LayerSource[],
  contents: ContentWriter,
  options: ParsedFlattenOptions,
): Promise<Walk> {
  const { signal, onEvent } = options;
  const topDown = layers.toReversed();
  const received = topDown.map(() => 0);
  const ahead = readAhead(topDown, {
    ...options,
    onBlobBytes(index, length) {
      const descriptor = topDown[index]?.descriptor;
      if (descriptor === undefined) return;
      const { digest, size: totalBytes } = descriptor;
      const bytes = (received[index] = (received[index] ?? 0) + length);
      onEvent({ kind: "layer-bytes", layer: layers.length - 1 - index, digest, bytes, totalBytes });
    },
  });
  try {
    const archive = (layer: number) => abortable(ahead.archive(layers.length - 1 - layer), signal);
    return await walkLayers(layers, archive, {
      ...options,
      contents,
      remember: (path) => options.remember.has(path),
    });
  } finally {
    await ahead.close();
  }
}

async function readMissed(
  missed: readonly MissedLayer[],
  layers: readonly LayerSource[],
  contents: ContentWriter,
  options: ParsedFlattenOptions,
): Promise<void> {
  const sources = missed.flatMap(({ layer }) => layers[layer] ?? []);
  const ahead = readAhead(sources, { ...options, onBlobBytes: () => {} });
  try {
    const archive = (place: number) => abortable(ahead.archive(place), options.signal);
    await readMissedContents(missed, layers, archive, { ...options, contents });
  } finally {
    await ahead.close();
  }
}

function shownFiles(root: DirectoryNode): Set<FileNode> {
  const files = new Set<FileNode>();
  const pending: RootfsNode[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop())
    if (node.kind === "file") files.add(node);
    else if (node.kind === "directory") for (const child of node.entries.values()) pending.push(child);
  return files;
}

function sumDataBytes(files: readonly ReplayedFile[]): number {
  return files.reduce((sum, { entry }) => sum + entry.dataBytes, 0);
}
