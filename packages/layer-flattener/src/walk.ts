import type { ByteString, ContentWriter } from "@bootlayer/rootfs-tree";
import { describeEntry, metadataBytes } from "./describe-entry.ts";
import { createAttributesOf } from "./entry-attributes.ts";
import { flattenError } from "./errors.ts";
import type { FlattenEvent } from "./events.ts";
import { createLanes, type Lane } from "./lanes.ts";
import type { LayerEntry } from "./layer-entry.ts";
import type { LayerSource } from "./layer-source.ts";
import type { LayerLimits } from "./limits.ts";
import { memoryContent } from "./memory-content.ts";
import { contentShape, dataBytes, readLayer } from "./read-layer.ts";
import type { TarEntry } from "./tar/tar-entry.ts";
import { createWalkClaims } from "./walk-claims.ts";

export interface WalkOptions {
  readonly contents: ContentWriter;
  readonly limits: LayerLimits;
  readonly keepXattr: (name: ByteString) => boolean;
  /** Which files' bytes stay in memory too, by normalised path: small ones that something will soon ask for. */
  readonly remember?: (path: ByteString) => boolean;
  readonly onEvent: (event: FlattenEvent) => void;
}

export interface Walk {
  /** Each layer's entries in the archive's order, the base layer's first. */
  readonly layers: readonly (readonly LayerEntry[])[];
  readonly entries: number;
  readonly unpackedBytes: number;
  readonly contentBytes: number;
  readonly remembered: ReadonlyMap<LayerEntry, Uint8Array>;
}

/** Larger files are read from their layer when they are asked for. */
const rememberedBytes = 256 * 1024;

/** Layers that are read at the same time, where the image writer allows it: one for each core of a small machine. */
const maxLanes = 2;

/** What an entry counts in a lane beside its content: its header and what a decoder does for it. */
const entryBytes = 1024;

/**
 * Reads all layers once, from the top one down, two at a time. A file's bytes go to the image writer as they come, unless
 * the layers above make it likely that nobody will see them.
 *
 * @param archives - gives each layer's archive by its place, the base layer's being 0; asked for from the top down.
 */
export async function walkLayers(
  layers: readonly LayerSource[],
  archives: (layer: number) => AsyncGenerator<Uint8Array>,
  { contents, limits, keepXattr, remember = () => false, onEvent }: WalkOptions,
): Promise<Walk> {
  const claims = createWalkClaims(layers.length);
  const attributesOf = createAttributesOf(keepXattr);
  const described: LayerEntry[][] = [];
  const remembered = new Map<LayerEntry, Uint8Array>();
  let entries = 0;
  let metadata = 0;
  let unpackedBytes = 0;
  let contentBytes = 0;

  async function walkLayer(
    layer: number,
    { descriptor: { digest } }: LayerSource,
    lane: Lane,
  ): Promise<void> {
    const name = `layer ${digest}`;
    const own: LayerEntry[] = [];
    let ownEntries = 0;
    let ownBytes = 0;
    const exceeds = (what: string): Error =>
      flattenError("LAYER_LIMIT", `${name}: the layers hold over ${what}`);
    await readLayer(archives(layer), {
      name,
      limits,
      contents,
      turns: { wait: () => lane.wait(), pass: (entry) => lane.pass(entryBytes + lengthOf(entry)) },
      onArchiveBytes(bytes) {
        ownBytes += bytes;
        unpackedBytes += bytes;
        if (unpackedBytes > limits.unpackedBytes) throw exceeds(`${limits.unpackedBytes} unpacked bytes`);
      },
      onEntry(tarEntry, ordinal) {
        ownEntries++;
        if (++entries > limits.entries) throw exceeds(`${limits.entries} entries`);
        metadata += metadataBytes(tarEntry);
        if (metadata > limits.metadataBytes)
          throw exceeds(`${limits.metadataBytes} bytes of names and xattrs`);
        const entry = describeEntry(tarEntry, ordinal, { layer: name, limits, attributesOf });
        if (entry === undefined) return undefined;
        own.push(entry);
        claims.addEntry(layer, entry);
        if ((entry.kind !== "file" && entry.kind !== "pseudo-link") || entry.size === 0) return undefined;
        if (entry.kind === "file" && !claims.wants(layer, entry.path)) return undefined;
        const copy =
          tarEntry.kind === "file" && entry.size <= rememberedBytes && remember(entry.path)
            ? memoryContent(contentShape(tarEntry), rememberedBytes)
            : undefined;
        return {
          keep(handle) {
            entry.content = handle;
            contentBytes += entry.dataBytes;
            if (copy !== undefined) remembered.set(entry, copy.bytes());
          },
          copy: copy?.write,
        };
      },
    });
    // The end of a layer is a step too: it decides which layer comes into this lane, and what the others may know.
    await lane.wait();
    claims.endLayer(layer, own);
    described[layer] = own;
    onEvent({ kind: "layer-verified", layer, digest, entries: ownEntries, unpackedBytes: ownBytes });
  }

  const queue = [...layers.entries()].toReversed().values();
  async function walkLane(lane: Lane): Promise<void> {
    await lane.wait();
    for (const [layer, source] of queue) {
      // Another lane may begin the next layer while this one has not come to its first entry.
      lane.pass(entryBytes);
      await walkLayer(layer, source, lane);
    }
    lane.leave();
  }

  const lanes = createLanes(Math.max(1, Math.min(maxLanes, contents.maxOpenContents, layers.length)));
  await Promise.all(lanes.map(walkLane));
  return { layers: described, entries, unpackedBytes, contentBytes, remembered };
}

function lengthOf(entry: TarEntry): number {
  return entry.kind === "file" ? dataBytes(entry) : 0;
}
