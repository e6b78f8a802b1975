import type { FileHandle } from "node:fs/promises";
import { withEarlyWriteBack } from "@bootlayer/durable-file";

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

export function createImageFile(handle: FileHandle, path: string): ImageFile {
  const output = withEarlyWriteBack(handle, path);
  const staging = Buffer.alloc(stagingBytes);
  /** What lies before it has been sent; what follows, `staged` bytes, is in `staging`. */
  let sent = 0;
  let staged = 0;

  function sendStaged(): void {
    const length = staged;
    staged = 0;
    sent += length;
    output.write(sent - length, staging.subarray(0, length));
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
      output.write(0, bytes);
    },
    async flush() {
      sendStaged();
      await output.truncate(sent);
    },
    settle: () => output.settle(),
    sync: () => output.sync(),
  };
}
