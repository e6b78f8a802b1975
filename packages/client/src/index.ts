export type {
  Build,
  BuildEvent,
  BuildList,
  BuildProblem,
  BuildReport,
  BuildRequest,
  BuildState,
  Problem,
  PushedImage,
  PushedImageList,
  TreeEntry,
  TreeLevel,
} from "./api-types.ts";
export { createClient, type BootlayerClient, type ClientOptions } from "./client.ts";
export { downloadImage, type DownloadedImage, type DownloadOptions } from "./download-image.ts";
export { ClientError, type ClientErrorCode } from "./errors.ts";
export type { components, operations, paths } from "./schema.ts";
export { waitForBuild, type WaitOptions } from "./wait-for-build.ts";
export { watchBuild, type WatchOptions } from "./watch-build.ts";
