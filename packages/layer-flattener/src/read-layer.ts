import {
  dataLength,
  type ContentHandle,
  type ContentShape,
  type ContentWriter,
} from "@bootlayer/rootfs-tree";
import { TarError } from "./errors.ts";
import type { LayerLimits } from "./limits.ts";
import { createTarReader } from "./tar/tar-reader.ts";
import type { TarEntry, TarFile } from "./tar/tar-entry.ts";

/** What is to be done with the bytes of a file that is kept. */
export interface KeepContent {
  /** Takes the content handle once all bytes are with the image writer. */
  readonly keep: (handle: ContentHandle) => void;
  /** Is shown the bytes too, in pieces that it must not hold on to. */
  readonly copy?: ((bytes: Uint8Array) => void) | undefined;
}

/** Puts the entries of several layers that are read at once into one order. */
export interface EntryTurns {
  /** Settles, or answers nothing, when it is the next entry's turn. */
  wait(): Promise<void> | undefined;
  /** That entry was seen, and its content opened if it is kept. */
  pass(entry: TarEntry): void;
}

export interface ReadLayerOptions {
  /** Names the layer in errors. */
  readonly name: string;
  readonly limits: LayerLimits;
  readonly contents: ContentWriter;
  /** Told of each chunk of the archive before its entries. */
  readonly onArchiveBytes?: (bytes: number) => void;
  /** When this layer's entries have their turn among those of layers that are read at the same time. */
  readonly turns?: EntryTurns;
  /** Told of each entry; what it returns for a file of some size says that its bytes are to be kept. */
  readonly onEntry: (entry: TarEntry, ordinal: number) => KeepContent | undefined;
}

/** Reads a layer's archive to its end, so that its digests are proven, and passes the bytes that are kept on. */
export async function readLayer(
  archive: AsyncGenerator<Uint8Array>,
  options: ReadLayerOptions,
): Promise<void> {
  try {
    await readEntries(archive, options);
  } catch (error) {
    // A wrong digest explains more than what the wrong bytes look like.
    if (error instanceof TarError && error.code !== "TAR_LIMIT") await drain(archive);
    throw error;
  } finally {
    await archive.return(undefined);
  }
}

async function readEntries(
  archive: AsyncGenerator<Uint8Array>,
  { name, limits, contents, onArchiveBytes, turns, onEntry }: ReadLayerOptions,
): Promise<void> {
  const reader = createTarReader({ name, limits });
  const open = (file: TarFile, { keep, copy }: KeepContent) => ({
    sink: contents.openContent(contentShape(file)),
    keep,
    copy,
  });
  let kept: ReturnType<typeof open> | undefined;
  let ordinal = 0;
  for (let step = await archive.next(); step.done !== true; step = await archive.next()) {
    onArchiveBytes?.(step.value.length);
    for (const event of reader.read(step.value))
      if (event.kind === "data") {
        kept?.copy?.(event.bytes);
        const written = kept?.sink.write(event.bytes);
        // Most writes settle at once: waiting for each would cost more than the write.
        if (written !== undefined) await written;
      } else if (event.kind === "entry") {
        const waiting = turns?.wait();
        if (waiting !== undefined) await waiting;
        const keep = onEntry(event.entry, ordinal++);
        if (keep !== undefined && event.entry.kind === "file") kept = open(event.entry, keep);
        turns?.pass(event.entry);
      } else if (kept !== undefined) {
        kept.keep(kept.sink.close());
        kept = undefined;
      }
  }
  for (const _ of reader.end());
}

async function drain(archive: AsyncGenerator<Uint8Array>): Promise<void> {
  for (let step = await archive.next(); step.done !== true;) step = await archive.next();
}

export function contentShape({ size, dataRegions }: TarFile): ContentShape {
  return dataRegions === undefined ? { size } : { size, dataRegions };
}

/** Bytes of a file that the archive holds: its size without the holes. */
export function dataBytes(file: TarFile): number {
  return dataLength(contentShape(file));
}
