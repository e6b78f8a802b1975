import type { Timestamp } from "@bootlayer/rootfs-tree";

/**
 * Seconds since 1970 as 32 bits, which the kernel takes as unsigned: 1970 to 2106. A time outside becomes the nearest that
 * there is; fractions are dropped.
 */
export function encodeTime({ seconds }: Timestamp): number {
  return Math.min(Math.max(seconds, 0), 2 ** 32 - 1);
}
