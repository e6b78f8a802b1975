import type { DataRegion } from "@bootlayer/rootfs-tree";

/** What file systems make holes of. */
const holeBytes = 4096;
/** A map of more regions would be longer than tar readers take. */
const maxRegions = 8192;
const zeros = Buffer.alloc(holeBytes);

interface Region {
  readonly offset: number;
  length: number;
}

/**
 * Finds the holes of a file from its bytes: Node cannot ask where they are, so whole aligned blocks of zeros are taken
 * for such. Blocks are given in order; the last one may be short.
 */
export function createSparseScanner(): { push(chunk: Uint8Array): void; regions(): readonly DataRegion[] } {
  let regions: Region[] = [];
  let position = 0;
  let smallestHole = holeBytes;
  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < bytes.length; at += holeBytes) {
        const length = Math.min(holeBytes, bytes.length - at);
        if (bytes.compare(zeros, 0, length, at, at + length) !== 0) addRegion(position + at, length);
      }
      position += bytes.length;
    },
    regions: () => regions,
  };

  function addRegion(offset: number, length: number): void {
    append(regions, { offset, length }, smallestHole);
    while (regions.length > maxRegions) {
      smallestHole *= 2;
      regions = join(regions, smallestHole);
    }
  }
}

/** Small holes are filled until the rest are few enough. */
function join(regions: readonly DataRegion[], smallestHole: number): Region[] {
  const joined: Region[] = [];
  for (const region of regions) append(joined, region, smallestHole);
  return joined;
}

/** A hole that is smaller becomes a part of the last region. */
function append(regions: Region[], { offset, length }: DataRegion, smallestHole: number): void {
  const last = regions.at(-1);
  if (last !== undefined && offset - (last.offset + last.length) < smallestHole)
    last.length = offset + length - last.offset;
  else regions.push({ offset, length });
}
