import type { BlobStore } from "./blob-store.ts";
import { withLock } from "./lock.ts";

/**
 * One lock for whatever decides what is kept, and for removing what nothing keeps. So between the look for a blob and
 * the name or lease that keeps it, nothing is collected.
 */
export function withStoreLock<Result>(
  store: BlobStore,
  action: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  return withLock(store.lockDirectory, "index.json", action, signal);
}
