import type { Timestamp } from "./node.ts";

const nanosecondsPerSecond = 1_000_000_000n;

/** 1970-01-01T00:00:00Z: the time of directories that no layer describes. */
export const epoch: Timestamp = { seconds: 0, nanoseconds: 0 };

/** Nanoseconds since 1970, negative ones included, rounded to nothing. */
export function timestampFromNanoseconds(total: bigint): Timestamp {
  const nanoseconds = ((total % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond;
  return { seconds: Number((total - nanoseconds) / nanosecondsPerSecond), nanoseconds: Number(nanoseconds) };
}

/** Negative if `a` is earlier, positive if later, 0 if both are the same nanosecond. */
export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
}
