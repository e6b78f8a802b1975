import type { StoreErrorCode } from "@bootlayer/blob-store";
import type { DurableFileErrorCode } from "@bootlayer/durable-file";
import type { Ext4ErrorCode } from "@bootlayer/ext4-writer";
import type { GuestAgentErrorCode, GuestErrorCode } from "@bootlayer/guest-inject";
import type { ImageSpecErrorCode } from "@bootlayer/image-spec";
import type { FlattenErrorCode, TarErrorCode } from "@bootlayer/layer-flattener";
import type { RegistryErrorCode } from "@bootlayer/registry-client";
import type { SquashfsErrorCode } from "@bootlayer/squashfs-writer";
import type { RootfsTreeErrorCode } from "@bootlayer/rootfs-tree";
import type { BuilderErrorCode } from "./errors.ts";

/** Every code that a build can end with: what an exit code or an HTTP status is chosen by. */
export type BuildErrorCode =
  | BuilderErrorCode
  | DurableFileErrorCode
  | Ext4ErrorCode
  | FlattenErrorCode
  | GuestAgentErrorCode
  | GuestErrorCode
  | ImageSpecErrorCode
  | RegistryErrorCode
  | SquashfsErrorCode
  | RootfsTreeErrorCode
  | StoreErrorCode
  | TarErrorCode;
