import { BootlayerError } from "@bootlayer/errors";

export type DurableFileErrorCode =
  | "FILE_NO_SPACE"
  | "FILE_DENIED"
  | "FILE_NOT_FOUND"
  | "FILE_EXISTS"
  | "FILE_TOO_LARGE"
  | "FILE_FAILED";

/** The file system refused to hold what it was given. */
export class DurableFileError extends BootlayerError<DurableFileErrorCode> {}

const refusals: Readonly<Record<string, readonly [DurableFileErrorCode, string]>> = {
  ENOSPC: ["FILE_NO_SPACE", "free space on this file system, or write to another one"],
  EDQUOT: ["FILE_NO_SPACE", "the disk quota is used up: free space or write elsewhere"],
  EACCES: ["FILE_DENIED", "choose a place that this user may write to"],
  EPERM: ["FILE_DENIED", "choose a place that this user may write to"],
  EROFS: ["FILE_DENIED", "the file system is read-only: choose another place"],
  ENOENT: ["FILE_NOT_FOUND", "make the directory first"],
  ENOTDIR: ["FILE_NOT_FOUND", "a part of the path is no directory"],
  EEXIST: ["FILE_EXISTS", "remove it or choose another name"],
  EISDIR: ["FILE_EXISTS", "a directory has this name: choose another"],
  ENOTEMPTY: ["FILE_EXISTS", "a directory has this name: choose another"],
  EFBIG: ["FILE_TOO_LARGE", "this file system cannot hold a file of that size"],
};

/** Turns what `node:fs` threw while `doing` (for example `write /srv/disk.ext4`) into a typed error. */
export function fileError(doing: string, cause: unknown): DurableFileError {
  if (cause instanceof DurableFileError) return cause;
  const system =
    cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown";
  const [code, hint] = refusals[system] ?? ["FILE_FAILED", "see the cause"];
  return new DurableFileError(code, `cannot ${doing}: ${system}`, hint, { cause });
}
