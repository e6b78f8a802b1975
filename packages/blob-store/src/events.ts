import type { Digest } from "@bootlayer/image-spec";

/** What a store tells while it works. Byte counts only grow. */
export type StoreEvent = Readonly<
  /** Another ingest, of this process or of that one, is bringing the blob: this one waits for it. */
  | { kind: "ingest-waiting"; digest: Digest; processId: number }
  /** An interrupted ingest goes on after these bytes, which are hashed again. */
  | { kind: "ingest-resumed"; digest: Digest; bytes: number; totalBytes: number }
  /** What an interrupted ingest left was not the blob, or cannot be gone on from: once more from the first byte. */
  | { kind: "ingest-restarted"; digest: Digest; totalBytes: number }
  | { kind: "blob-removed"; digest: Digest; bytes: number }
  | { kind: "blob-quarantined"; digest: Digest; bytes: number }
  /** Blobs and bytes that a scrub has looked at. */
  | { kind: "scrub-progress"; blobs: number; bytes: number; totalBytes: number }
>;
