import { tarError } from "../errors.ts";
import { dataBytes } from "../read-layer.ts";
import { createTarReader, type TarReaderOptions } from "./tar-reader.ts";
import type { TarEntry } from "./tar-entry.ts";

/** An entry of an archive, and where its data lies in it. */
export interface TarPlace {
  readonly entry: TarEntry;
  /** Of the data's first byte. */
  readonly offset: number;
  /** Bytes of data; of a sparse file without its holes. */
  readonly length: number;
}

/** The bytes at a position, as many as asked for. What they lie in is used again with the next call. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/** Headers that stand close together come with one read; more would be read in vain where files are large. */
const windowBytes = 16 * 1024;

/**
 * The entries of an archive of `size` bytes that can be read at any place: its headers alone are read, and the data
 * passed over.
 *
 * @throws {TarError} as `readTar`; TAR_TRUNCATED where data would reach beyond `size`.
 */
export async function* indexTar(
  readAt: ReadAt,
  size: number,
  options: TarReaderOptions = {},
): AsyncGenerator<TarPlace> {
  const reader = createTarReader({ ...options, bodies: "left-out" });
  const truncated = () =>
    tarError("TAR_TRUNCATED", options.name ?? "archive", `it ends at ${size} bytes, within an entry`);
  let position = 0;
  while (position < size) {
    const chunk = await readAt(position, Math.min(windowBytes, size - position));
    for (const event of reader.read(chunk)) {
      if (event.kind !== "entry") continue;
      const { entry } = event;
      const length = entry.kind === "file" ? dataBytes(entry) : 0;
      const offset = reader.position;
      if (offset + length > size) throw truncated();
      yield { entry, offset, length };
    }
    position += chunk.length + reader.leftOut;
  }
  // The last body's blocks are to be whole.
  if (position > size) throw truncated();
  for (const _ of reader.end());
}
