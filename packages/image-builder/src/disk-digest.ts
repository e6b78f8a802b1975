import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { DataRegion } from "@bootlayer/rootfs-tree";

const chunkBytes = 4 * 2 ** 20;

/** The sha256 of a disk, in hex: what `sha256sum` prints. Holes are not read, only hashed. */
export async function diskSha256(
  path: string,
  { bytes, dataRegions }: { readonly bytes: number; readonly dataRegions: readonly DataRegion[] },
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash("sha256");
  const zeros = Buffer.alloc(chunkBytes);
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const file = await open(path, "r");
  let position = 0;

  function hashZeros(end: number): void {
    for (; position < end; position += Math.min(chunkBytes, end - position)) {
      signal.throwIfAborted();
      hash.update(zeros.subarray(0, Math.min(chunkBytes, end - position)));
    }
  }

  try {
    for (const { offset, length } of dataRegions) {
      hashZeros(offset);
      while (position < offset + length) {
        signal.throwIfAborted();
        const { bytesRead } = await file.read(
          buffer,
          0,
          Math.min(chunkBytes, offset + length - position),
          position,
        );
        if (bytesRead === 0) throw new Error(`${path} ends at ${position}`);
        hash.update(buffer.subarray(0, bytesRead));
        position += bytesRead;
      }
    }
    hashZeros(bytes);
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}
