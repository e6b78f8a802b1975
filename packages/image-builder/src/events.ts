import type { StoreEvent } from "@bootlayer/blob-store";
import type { BootlayerError } from "@bootlayer/errors";
import type { Descriptor, Digest, Platform } from "@bootlayer/image-spec";
import type { FlattenEvent } from "@bootlayer/layer-flattener";
import type { RegistryEvent } from "@bootlayer/registry-client";

/**
 * What a build goes through. `pull` and `flatten` overlap: layers are flattened as they arrive.
 * - resolve: the source's name becomes a manifest and a config
 * - pull: blobs that the store lacks arrive in it
 * - flatten: layers are read and the surviving files' bytes laid down in the image
 * - write: metadata is laid down and the image made durable under its name
 * - initrd: the initrd is made and put in its place
 * - cache: the image is kept for the next build with the same key
 * - copy: the image comes from the cache
 * - digest: the sha256 of the finished image is taken
 */
export type BuildStage = "resolve" | "pull" | "flatten" | "write" | "initrd" | "cache" | "copy" | "digest";

/** Everything that happens in a build, in the order in which it happens. Byte counts only grow. */
export type BuildEvent =
  | Readonly<
      | { kind: "stage-started"; stage: BuildStage }
      | { kind: "stage-finished"; stage: BuildStage; seconds: number; bytes: number }
      | {
          kind: "resolved";
          source: string;
          digest: Digest;
          platform: Platform;
          layers: readonly Descriptor[];
        }
      /** The blob was in the store already. */
      | { kind: "blob-cached"; digest: Digest; totalBytes: number }
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
  readonly seconds: number;
  /** What the stage handled: downloaded, decompressed, written, copied or hashed bytes. */
  readonly bytes: number;
}
