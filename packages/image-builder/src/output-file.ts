import { access, constants, lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "@bootlayer/durable-file";
import { BuilderError } from "./errors.ts";

/**
 * Refuses an output that cannot become a disk before any work is done for it: the disk arrives by rename, which would
 * replace a device node or a symlink instead of writing to what it stands for.
 *
 * @throws {BuilderError} OUTPUT_NOT_A_FILE. @throws {DurableFileError} FILE_NOT_FOUND, FILE_DENIED.
 */
export async function checkOutput(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw fileError(`write ${path}`, cause);
  });
  const existing = await lstat(path).catch(() => undefined);
  if (existing && !existing.isFile())
    throw new BuilderError(
      "OUTPUT_NOT_A_FILE",
      `output ${path} is there and is no regular file`,
      "name a file; copy it to a device afterwards",
    );
}
