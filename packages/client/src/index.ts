export { createClient, type BootlayerClient, type ClientOptions } from "./client.ts";
export { downloadImage, type DownloadedImage, type DownloadOptions } from "./download-image.ts";
export { ClientError, type ClientErrorCode, type Problem } from "./errors.ts";
export type { components, operations, paths } from "./schema.ts";
export { waitForBuild, type Build, type WaitOptions } from "./wait-for-build.ts";
export { watchBuild, type BuildEvent, type WatchOptions } from "./watch-build.ts";
