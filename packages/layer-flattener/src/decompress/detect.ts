/** How a blob is wrapped, by its first bytes. */
export type Wrapping = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** As many first bytes as `detectWrapping` needs. */
export const magicBytes = 6;

/**
 * Looks at the bytes and not at the media type: tools mislabel layers, all container engines take them anyway, and the
 * diff ID proves what comes out. gzip: RFC 1952, 2.3.1; zstd: RFC 8878, 3.1.1 and, for a skippable frame in front,
 * 3.1.2.
 */
export function detectWrapping(head: Uint8Array): Wrapping {
  const starts = (...bytes: readonly number[]): boolean => bytes.every((byte, index) => head[index] === byte);
  if (starts(0x1f, 0x8b, 0x08)) return "gzip";
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18)
    return "zstd";
  if (starts(0x42, 0x5a, 0x68) && (head[3] ?? 0) >= 0x31 && (head[3] ?? 0) <= 0x39 && head[4] === 0x31)
    return "bzip2";
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "none";
}
