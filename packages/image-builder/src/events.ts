import type { StoreEvent } from "@bootlayer/blob-store";
import type { BootlayerError } from "@bootlayer/errors";
import type { Descriptor, Digest, Platform } from "@bootlayer/image-spec";
import type { FlattenEvent } from "@bootlayer/layer-flattener";
import type { PushedBlob, RegistryEvent } from "@bootlayer/registry-client";

/**
 * What a build, a pull or a push goes through. `pull` and `flatten` overlap: layers are flattened as they arrive.
 * - resolve: the source's name becomes a manifest and a config
 * - pull: blobs that the store lacks arrive in it
 * - push: blobs and manifests that a registry lacks are sent to it
 * - flatten: layers are read and the surviving files' bytes laid down in the image
 * - write: metadata is laid down and the image made durable under its name
 * - initrd: the initrd is made and put in its place
 * - cache: the image is kept for the next build with the same key
 * - copy: the image comes from the cache
 * - digest: the sha256 of the finished image is taken
 */
export type BuildStage =
  | "resolve"
  | "pull"
  | "push"
  | "flatten"
  | "write"
  | "initrd"
  | "cache"
  | "copy"
  | "digest";

/** Everything that happens in a build, in the order in which it happens. Byte counts only grow. */
export type BuildEvent =
  | Readonly<
      | { kind: "stage-started"; stage: BuildStage }
      | ({ kind: "stage-finished" } & StageReport)
      | {
          kind: "resolved";
          source: string;
          digest: Digest;
          platform: Platform;
          layers: readonly Descriptor[];
        }
      /** A pull or a push knows what it is about: all blobs of the image, or of all platforms. */
      | {
          kind: "transfer-started";
          direction: "pull" | "push";
          /** The full reference. */
          name: string;
          /** Of the manifest or index. */
          digest: Digest;
          blobs: readonly Descriptor[];
        }
      /** A registry is asked for the blob from byte `bytes` on; what is before is left from an interrupted pull. */
      | { kind: "blob-requested"; digest: Digest; bytes: number; totalBytes: number }
      /** The blob is in the store, verified and on disk. */
      | { kind: "blob-stored"; digest: Digest; totalBytes: number }
      /** The blob was in the store already, or another process brought it there. */
      | { kind: "blob-cached"; digest: Digest; totalBytes: number }
      /** The blob is in the registry. */
      | { kind: "blob-pushed"; digest: Digest; totalBytes: number; how: PushedBlob }
      | { kind: "cache-hit"; key: string }
      /** The finished image could not be kept for the next build; this build is not harmed. */
      | { kind: "cache-skipped"; error: BootlayerError }
    >
  | FlattenEvent
  | RegistryEvent
  | StoreEvent;

/** Time and bytes of a stage. */
export interface StageReport {
  readonly stage: BuildStage;
  /** When it began and ended, in seconds since the work began: stages overlap. */
  readonly start: number;
  readonly end: number;
  /** How long it took. */
  readonly seconds: number;
  /** What the stage handled: downloaded, sent, decompressed, written, copied or hashed bytes. */
  readonly bytes: number;
}
