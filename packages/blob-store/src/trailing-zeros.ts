import { open } from "node:fs/promises";

const stepBytes = 1024 * 1024;

/**
 * Cuts off the zeros at the end of a file, which a power loss leaves where data were under way, and answers with what
 * remains of it in bytes.
 */
export async function cutTrailingZeros(path: string): Promise<number> {
  const handle = await open(path, "r+");
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, stepBytes));
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - buffer.length);
      const { bytesRead } = await handle.read(buffer, 0, end - start, start);
      const last = buffer.subarray(0, bytesRead).findLastIndex((byte) => byte !== 0);
      end = start + last + 1;
      if (last >= 0) break;
    }
    if (end < size) await handle.truncate(end);
    return end;
  } finally {
    await handle.close();
  }
}
