import { openBlobStore, scrubStore as scrubBlobs, type ScrubReport } from "@bootlayer/blob-store";
import type { Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";

/**
 * Hashes every blob of the store again and moves what is wrong to the quarantine; the next pull or build brings it anew.
 *
 * @throws {StoreError} STORE_INVALID, STORE_BUSY. @throws {BuilderError} CANCELLED.
 */
export async function scrubStore({
  store: directory,
  signal: caller,
  onEvent,
}: Pick<Environment, "store" | "signal" | "onEvent">): Promise<ScrubReport> {
  return withCancellation(caller, async (signal) =>
    scrubBlobs(await openBlobStore(directory), { signal, onEvent }),
  );
}
