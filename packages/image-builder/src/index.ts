export { buildDisk, type BuildResult } from "./build.ts";
export { checkBuildOptions, type BuildRequest, type Environment } from "./build-options.ts";
export type { BuildKey } from "./build-key.ts";
export { resolveBuild, type ResolvedBuild } from "./resolve-build.ts";
export {
  parseCompression,
  parseDiskOptions,
  parseDiskSize,
  type DiskOptions,
  type DiskOptionsInput,
  type DiskSize,
  type Ext4DiskOptionsInput,
  type SquashfsDiskOptionsInput,
} from "./disk-options.ts";
export type { GuestRequest } from "./guest-options.ts";
export type { GuestFacts, GuestReport } from "./guest-build.ts";
export { diagnoseImage, type Diagnosis, type DiagnoseRequest } from "./diagnose-image.ts";
export { inspectImage } from "./inspect.ts";
export { listFiles, type ListedFile, type ListRequest } from "./list-files.ts";
export { pullImage, type PulledBlobReport, type PullRequest, type PullResult } from "./pull-image.ts";
export { pushImage, type PushedBlobReport, type PushRequest, type PushResult } from "./push-image.ts";
export {
  diskTarget,
  pushDisk,
  type PushDiskRequest,
  type PushDiskResult,
} from "./disk-artifact/push-disk.ts";
export { fetchDisk, type FetchDiskRequest, type FetchDiskResult } from "./disk-artifact/fetch-disk.ts";
export {
  publishDisk,
  type PublishDiskRequest,
  type PublishDiskResult,
} from "./disk-artifact/publish-disk.ts";
export {
  describeDisk,
  diskArtifactType,
  type DescribedBuild,
  type DiskDescription,
  type SealedDiskDescription,
} from "./disk-artifact/disk-description.ts";
export { removeImages } from "./remove-images.ts";
export { forgetPulledImages } from "./forget-pulled-images.ts";
export type { LayerReport } from "./layer-times.ts";
export { loginToRegistry, logoutOfRegistry, type LoginRequest, type LoginResult } from "./registry-login.ts";
export { listStoredImages, storeUsage, type StoredImage, type StoreUsage } from "./stored-images.ts";
export { collectGarbage, type GarbageReport, type GarbageRequest } from "./collect-garbage.ts";
export type { SweptArtifact } from "./sweep-artifacts.ts";
export { scrubStore } from "./scrub-store.ts";
export { openOwnRegistry, type OwnRegistry, type OwnRepositories } from "./own-registry/own-registry.ts";
export {
  findOwnBlob,
  keepOwnBlob,
  mountOwnBlob,
  openOwnBlob,
  removeOwnBlob,
} from "./own-registry/own-blobs.ts";
export { findOwnManifest, readOwnManifest, removeOwnManifest } from "./own-registry/own-manifests.ts";
export { listOwnImages, type OwnImage, type OwnImagesRequest } from "./own-registry/own-images.ts";
export type { ManifestName } from "./own-registry/own-names.ts";
export { listOwnTags } from "./own-registry/own-tags.ts";
export { listOwnReferrers } from "./own-registry/own-referrers.ts";
export { putOwnManifest, type PutManifest, type PutManifestResult } from "./own-registry/put-own-manifest.ts";
export { parseSource, type Source } from "./source.ts";
export type { BuildEvent, BuildStage, StageReport } from "./events.ts";
export { BuilderError, type BuilderErrorCode } from "./errors.ts";
export type { BuildErrorCode } from "./error-codes.ts";
export { version } from "./version.ts";
// What a caller needs to read results with.
export { byteString, displayText, type ByteString, type RootfsNode } from "@bootlayer/rootfs-tree";
export {
  formatPlatform,
  type Descriptor,
  type Digest,
  type Platform,
  type ResolvedImage,
} from "@bootlayer/image-spec";
export {
  isRepository,
  isTag,
  parseRegistry,
  registryLogin,
  registrySettings,
  type AuthFileOptions,
  type RegistrySettings,
  type RegistrySettingsOptions,
} from "@bootlayer/registry-client";
export type { FlattenStatistics, LayerLimits } from "@bootlayer/layer-flattener";
export { graceCutoff, type ScrubReport } from "@bootlayer/blob-store";
// What a caller needs to say what a guest is, to start it and to talk to it.
export {
  bootWithQemu,
  connectAgent,
  DEFAULT_AGENT_PORT,
  GuestError,
  guestPaths,
  launchFile,
  mergeGuestConfig,
  parseInjection,
  qemuDiskBus,
  readGuestConfig,
  readKernel,
  type BootEvent,
  type BootOutcome,
  type ExecRequest,
  type Finding,
  type GuestAgent,
  type GuestConfig,
  type GuestConfigInput,
  type GuestProcess,
  type KernelFacts,
  type LaunchAgent,
  type LaunchDisk,
  type LaunchFile,
  type LaunchFormat,
  type LaunchMachine,
  type LaunchNetwork,
  type PortForward,
} from "@bootlayer/guest-inject";
