import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";

/** What a name in a layout turned out to be. */
export type OpenedFile = Readonly<
  { kind: "file"; handle: FileHandle; size: number } | { kind: "missing" } | { kind: "not-a-file" }
>;

/** A symlink would lead out of the layout; without O_NONBLOCK a fifo would hold the reader for ever. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a regular file of a layout that others wrote; a symlink in its place is not followed.
 *
 * @throws {DurableFileError} FILE_DENIED, FILE_FAILED.
 */
export async function openRegularFile(path: string): Promise<OpenedFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    if (code === "ELOOP" || code === "ENXIO") return { kind: "not-a-file" };
    throw fileError(`read ${path}`, cause);
  }
  try {
    const found = await handle.stat();
    if (found.isFile()) return { kind: "file", handle, size: found.size };
  } catch (cause) {
    await handle.close();
    throw fileError(`read ${path}`, cause);
  }
  await handle.close();
  return { kind: "not-a-file" };
}
