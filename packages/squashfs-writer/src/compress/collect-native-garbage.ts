import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** A collection of a compressing thread's small heap takes 10 ms: so it takes at most a hundredth of the time. */
const intervalMilliseconds = 1000;

/**
 * A function to call after each block, which collects this thread's garbage now and then.
 *
 * Each call of zstd or xz leaves an object of some bytes that holds hundreds of kilobytes outside of V8's heap until a full
 * collection, and V8 has no reason for one before they are 64 MiB in each thread; by then the allocator's memory is in pieces, and
 * the process grows as long as it runs. V8 has no other way to ask for a collection.
 */
export function nativeGarbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < intervalMilliseconds) return;
    last = now;
    collect();
  };
}
