import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";

/**
 * The image while it grows: all goes behind what is there, gathered into large writes. Synchronous, because most writes
 * are a memory copy.
 */
export interface ImageFile {
  /** Where the next bytes go. */
  position(): number;
  /** Puts `bytes` at the end; they are free again at once. */
  append(bytes: Uint8Array): void;
  /** Takes back what was appended from `position` on. */
  rewind(position: number): void;
  /** Overwrites the first bytes of the image. */
  overwriteHead(bytes: Uint8Array): void;
  /** Sends what is gathered to the file and makes the file as long as the image. */
  flush(): Promise<void>;
  /** Waits for a write-back under way; throws what it met. */
  settle(): Promise<void>;
  /** Waits until all that was sent is on the disk. */
  sync(): Promise<void>;
}

const stagingBytes = 1 << 20;

/**
 * Dirty bytes after which the kernel is asked to write back. Without it nearly all of the image would still be in memory
 * when `finish` has to wait for the disk; with it the disk works while blocks are still being compressed.
 */
const writeBackBytes = 64 << 20;

export function createImageFile(handle: FileHandle, path: string): ImageFile {
  const staging = Buffer.alloc(stagingBytes);
  /** What lies before it has been sent; what follows, `staged` bytes, is in `staging`. */
  let sent = 0;
  let staged = 0;
  let sinceWriteBack = 0;
  let writeBack: Promise<void> | undefined;
  let failure: { readonly cause: unknown } | undefined;

  function throwFailure(): void {
    if (failure) throw fileError(`write ${path}`, failure.cause);
  }

  function refuse(cause: unknown): never {
    throw fileError(`write ${path}`, cause);
  }

  function send(position: number, bytes: Uint8Array): void {
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

  function sendStaged(): void {
    const length = staged;
    staged = 0;
    sent += length;
    send(sent - length, staging.subarray(0, length));
  }

  return {
    position: () => sent + staged,
    append(bytes) {
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, stagingBytes - staged);
        staging.set(bytes.subarray(done, done + length), staged);
        staged += length;
        done += length;
        if (staged === stagingBytes) sendStaged();
      }
    },
    rewind(position) {
      if (position < sent) [sent, staged] = [position, 0];
      else staged = position - sent;
    },
    overwriteHead(bytes) {
      sendStaged();
      send(0, bytes);
    },
    async flush() {
      sendStaged();
      await handle.truncate(sent).catch(refuse);
    },
    async settle() {
      await writeBack;
      throwFailure();
    },
    sync: () => handle.sync().catch(refuse),
  };
}
