import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileError } from "./errors.ts";
import { syncDirectory } from "./sync-directory.ts";

/**
 * Makes a directory and what is missing above it, so that all of them survive a power loss. One that is there already
 * is fine.
 *
 * @throws {DurableFileError} FILE_DENIED, FILE_EXISTS where something else has the name, FILE_NOT_FOUND where a part of
 * the path is no directory, FILE_NO_SPACE, FILE_FAILED.
 */
export async function makeDirectory(path: string): Promise<void> {
  const absolute = resolve(path);
  try {
    const topmost = await mkdir(absolute, { recursive: true });
    if (topmost === undefined) return;
    // Each new name stands in the directory above it.
    for (let made = absolute; made.length >= topmost.length; made = dirname(made))
      await syncDirectory(dirname(made));
  } catch (cause) {
    throw fileError(`make directory ${path}`, cause);
  }
}
