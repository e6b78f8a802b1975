import type { ContentShape } from "@bootlayer/rootfs-tree";

/** The beginning of one file, holes as zeros, gathered from the bytes of its data regions as they pass. */
export interface MemoryContent {
  readonly write: (bytes: Uint8Array) => void;
  readonly bytes: () => Uint8Array;
}

/** Keeps the first `maxBytes` of a file of that shape. */
export function memoryContent({ size, dataRegions }: ContentShape, maxBytes: number): MemoryContent {
  const memory = Buffer.alloc(Math.min(size, maxBytes));
  const regions = (dataRegions ?? [{ offset: 0, length: size }]).values();
  let region = regions.next().value;
  let written = 0;
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length && region !== undefined;) {
        const part = bytes.subarray(at, at + region.length - written);
        const offset = region.offset + written;
        if (offset < memory.length) memory.set(part.subarray(0, memory.length - offset), offset);
        at += part.length;
        written += part.length;
        if (written === region.length) [region, written] = [regions.next().value, 0];
      }
    },
    bytes: () => memory,
  };
}
