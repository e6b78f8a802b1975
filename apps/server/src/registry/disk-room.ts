import { statfs } from "node:fs/promises";
import { ServerError } from "../errors.ts";
import type { ServerSettings } from "../settings.ts";

/** Kept free for the database, the log and whatever else has to go on. */
const reserveBytes = 256 * 2 ** 20;

/** Refuses what the store's file system has no room for. @throws {ServerError} QUOTA_DISK. */
export type DiskRoom = (bytes: number) => Promise<void>;

export function diskRoom({ store }: Pick<ServerSettings, "store">): DiskRoom {
  return async (bytes) => {
    const { bavail, bsize } = await statfs(store);
    const free = bavail * bsize - reserveBytes;
    if (bytes > free)
      throw new ServerError(
        "QUOTA_DISK",
        `there is no room for ${bytes} bytes`,
        "collect garbage, or remove images and disks that are not needed",
      );
  };
}
