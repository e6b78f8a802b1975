import { Buffer } from "node:buffer";
import type { TarEntry as FixtureEntry } from "@bootlayer/test-fixtures";
import { tarArchive } from "@bootlayer/test-fixtures";
import { createTarReader, type TarReaderOptions } from "../src/tar/tar-reader.ts";
import type { TarEntry, TarEvent } from "../src/tar/tar-entry.ts";

export interface ReadEntry {
  readonly entry: TarEntry;
  readonly data: Buffer;
}

/** All entries of an archive with their data, read in chunks of these lengths, then the rest in one. */
export function readAll(
  archive: Uint8Array,
  options: TarReaderOptions & { readonly chunkLengths?: readonly number[] } = {},
): ReadEntry[] {
  const reader = createTarReader(options);
  const entries: { entry: TarEntry; pieces: Buffer[]; ended: boolean }[] = [];
  const take = (events: Iterable<TarEvent>): void => {
    for (const event of events) {
      const last = entries.at(-1);
      if (event.kind === "entry") {
        if (last?.ended === false) throw new Error("an entry begins before the last one ended");
        entries.push({ entry: event.entry, pieces: [], ended: false });
      } else if (last === undefined || last.ended) throw new Error("data or an end without an entry");
      else if (event.kind === "data") last.pieces.push(Buffer.from(event.bytes));
      else last.ended = true;
    }
  };
  let at = 0;
  for (const length of [...(options.chunkLengths ?? []), archive.length]) {
    // The reader must not look at a chunk once it was given the next.
    const chunk = Uint8Array.from(archive.subarray(at, at + length));
    take(reader.read(chunk));
    chunk.fill(0xee);
    at += length;
  }
  take(reader.end());
  return entries.map(({ entry, pieces }) => ({ entry, data: Buffer.concat(pieces) }));
}

export function readEntries(entries: readonly FixtureEntry[]): ReadEntry[] {
  return readAll(tarArchive(entries));
}
