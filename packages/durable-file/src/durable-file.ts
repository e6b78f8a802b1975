import { link, open, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError } from "./errors.ts";
import { removeStaleTemporaries } from "./stale-temporaries.ts";
import { syncDirectory } from "./sync-directory.ts";
import { temporaryName } from "./temporary-name.ts";

/** A file under way: it has no name of its own yet, and until `commit` nobody can take it for whole. */
export interface DurableFile {
  /** The name it gets. */
  readonly path: string;
  /** Where the bytes are until then. */
  readonly temporaryPath: string;
  /** Open for reading and writing; closed by `commit` and `discard`. */
  readonly handle: FileHandle;
  /**
   * Data to disk, then the name, then the directory to disk. After it the file survives a power loss, whole; a failure
   * leaves nothing. Where `replace` is false and the name was taken meanwhile: FILE_EXISTS, and the other file stays.
   */
  commit(options?: { readonly replace?: boolean }): Promise<void>;
  /** Leaves no trace. Does nothing after `commit` or another `discard`. */
  discard(): Promise<void>;
}

export interface DurableFileOptions {
  /** Permission bits before the umask. Default: 0o666. */
  readonly mode?: number;
  /** Where the temporary is kept, on the same file system. Default: beside `path`. */
  readonly temporaryDirectory?: string;
}

/**
 * Opens a temporary for `path`, after sweeping those that killed writers of the same path left.
 *
 * @throws {DurableFileError} FILE_NOT_FOUND, FILE_DENIED, FILE_NO_SPACE, FILE_FAILED.
 */
export async function createDurableFile(
  path: string,
  { mode = 0o666, temporaryDirectory = dirname(path) }: DurableFileOptions = {},
): Promise<DurableFile> {
  await removeStaleTemporaries(join(temporaryDirectory, basename(path)));
  const temporaryPath = join(temporaryDirectory, temporaryName(basename(path)));
  const handle = await open(temporaryPath, "wx+", mode).catch((cause: unknown) => {
    throw fileError(`create ${path}`, cause);
  });
  let settled = false;

  async function discard(): Promise<void> {
    if (settled) return;
    settled = true;
    await handle.close().catch(() => {});
    await rm(temporaryPath, { force: true });
  }

  async function commit({ replace = true }: { readonly replace?: boolean } = {}): Promise<void> {
    try {
      await handle.sync();
      await handle.close();
      if (replace) await rename(temporaryPath, path);
      else {
        // link(2) refuses a name that is taken; rename(2) would replace it.
        await link(temporaryPath, path);
        await rm(temporaryPath);
      }
      settled = true;
      await syncDirectory(dirname(path));
    } catch (cause) {
      await discard();
      throw fileError(`write ${path}`, cause);
    }
  }

  return { path, temporaryPath, handle, commit, discard };
}
