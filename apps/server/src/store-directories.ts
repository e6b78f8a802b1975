import { join } from "node:path";
import type { ServerSettings } from "./settings.ts";

/** Where images lie: image-builder's store, with the blobs of pulls and pushes and the cache of disks. */
export function imageDirectory({ store }: Pick<ServerSettings, "store">): string {
  return join(store, "images");
}

/** Where the uploads of the registry face lie until they are whole; on the file system of the images. */
export function uploadDirectory({ store }: Pick<ServerSettings, "store">): string {
  return join(store, "uploads");
}
