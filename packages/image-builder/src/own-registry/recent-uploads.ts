import type { Lease } from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";

/** As long as a client may take from a blob to the manifest that names it. */
export const uploadKeptMilliseconds: number = 24 * 60 * 60_000;
/** A lease takes blobs for so long; it is then kept for the time of the last of them. */
const leaseMilliseconds = 60 * 60_000;

export interface RecentUploads {
  /** From when this settles, a day begins for which the blobs are kept. */
  hold(digests: readonly Digest[]): Promise<void>;
  release(): Promise<void>;
}

/** Holds blobs by leases that follow each other: nothing can be taken out of a lease before all of it ends. */
export function recentUploads(open: (digests: readonly Digest[]) => Promise<Lease>): RecentUploads {
  const leases = new Map<Promise<Lease>, NodeJS.Timeout>();
  let current: { readonly lease: Promise<Lease>; readonly until: number } | undefined;

  function begin(): Promise<Lease> {
    const lease = open([]);
    const timer = setTimeout(
      () => void end(lease).catch(() => {}),
      leaseMilliseconds + uploadKeptMilliseconds,
    );
    timer.unref();
    leases.set(lease, timer);
    current = { lease, until: Date.now() + leaseMilliseconds };
    return lease;
  }

  async function end(lease: Promise<Lease>): Promise<void> {
    clearTimeout(leases.get(lease));
    leases.delete(lease);
    if (current?.lease === lease) current = undefined;
    await (await lease).release();
  }

  return {
    async hold(digests) {
      if (digests.length === 0) return;
      const lease = current && current.until > Date.now() ? current.lease : begin();
      try {
        await (await lease).add(...digests);
      } catch (error) {
        // A lease that could not be opened is not asked again.
        if (current?.lease === lease) current = undefined;
        throw error;
      }
    },
    async release() {
      await Promise.allSettled([...leases.keys()].map(end));
    },
  };
}
