import type { Timestamp } from "@bootlayer/rootfs-tree";

/** Inode times (ext4 documentation, "Inode Timestamps"): 32 bits of seconds, 2 more above, 30 of nanoseconds. */
export interface EncodedTime {
  /** i_mtime and its like: the low 32 bits of the seconds, signed. */
  readonly seconds: number;
  /** i_mtime_extra: nanoseconds << 2 | epoch. */
  readonly extra: number;
}

const earliest = -(2 ** 31);

/** 2446-05-10T22:38:55Z. */
const latest = 3 * 2 ** 32 + 2 ** 31 - 1;

/**
 * A time beyond what ext4 holds becomes the nearest that it does, as in the kernel, which drops the nanoseconds at
 * either end too (timestamp_truncate).
 */
export function encodeTime({ seconds, nanoseconds }: Timestamp): EncodedTime {
  if (seconds <= earliest) return { seconds: earliest, extra: 0 };
  const isLatest = seconds >= latest;
  const kept = isLatest ? latest : seconds;
  const low = kept | 0;
  const epoch = ((kept - low) / 2 ** 32) & 3;
  return { seconds: low, extra: (isLatest ? 0 : nanoseconds) * 4 + epoch };
}
