import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { fileError } from "./errors.ts";

/**
 * Writes at any place of a file, of which the disk gets much before the end. Synchronous, because most writes are a memory
 * copy and a promise for each would cost more.
 */
export interface EarlyWriteBack {
  /** Sends `bytes` to the file, all of them; they are free again at once. Throws what a write-back before it met. */
  write(position: number, bytes: Uint8Array): void;
  /** Waits for a write-back under way; throws what it met. */
  settle(): Promise<void>;
  /** Waits until all that was sent is on the disk. */
  sync(): Promise<void>;
  /** Makes the file so long. */
  truncate(length: number): Promise<void>;
}

/**
 * Dirty bytes after which the kernel is asked to write back. Without it nearly all of a file would still be in memory when
 * the final sync has to wait for the disk; with it the disk works while the next bytes are still being made.
 */
const writeBackBytes = 64 << 20;

/**
 * After the first failure every write throws it again. The handle may be closed only when nothing is being written back: after
 * `settle`.
 *
 * @throws {DurableFileError} from all calls: FILE_NO_SPACE, FILE_DENIED, FILE_TOO_LARGE, FILE_FAILED, naming `path`.
 */
export function withEarlyWriteBack(
  handle: Pick<FileHandle, "fd" | "datasync" | "sync" | "truncate">,
  path: string,
): EarlyWriteBack {
  let sinceWriteBack = 0;
  let writeBack: Promise<void> | undefined;
  let failure: { readonly cause: unknown } | undefined;

  function throwFailure(): void {
    if (failure) throw fileError(`write ${path}`, failure.cause);
  }

  function refuse(cause: unknown): never {
    throw fileError(`write ${path}`, cause);
  }

  /** One at a time, in the background; what it meets is thrown by the next write or by `settle`. */
  function startWriteBack(): void {
    if (writeBack) return;
    sinceWriteBack = 0;
    writeBack = handle
      .datasync()
      .catch((cause: unknown) => {
        failure ??= { cause };
      })
      .finally(() => {
        writeBack = undefined;
      });
  }

  return {
    write(position, bytes) {
      throwFailure();
      try {
        for (let done = 0; done < bytes.length;)
          done += writeSync(handle.fd, bytes, done, bytes.length - done, position + done);
      } catch (cause) {
        failure = { cause };
        throwFailure();
      }
      sinceWriteBack += bytes.length;
      if (sinceWriteBack >= writeBackBytes) startWriteBack();
    },
    async settle() {
      await writeBack;
      throwFailure();
    },
    sync: () => handle.sync().catch(refuse),
    truncate: (length) => handle.truncate(length).catch(refuse),
  };
}
