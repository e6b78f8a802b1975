import type { FileHandle } from "node:fs/promises";
import { withEarlyWriteBack } from "@bootlayer/durable-file";
import type { DataRegion } from "@bootlayer/rootfs-tree";
import { createWrittenRegions } from "./written-regions.ts";

/**
 * Writes at any place of the image, gathered into few large writes. Synchronous, because most writes are a memory copy
 * and a promise for each small file would cost more than the file.
 */
export interface ImageFile {
  /** Writes `bytes` at `position`, or later together with what follows; `bytes` is free again at once. */
  write(position: number, bytes: Uint8Array): void;
  /** Sends what is gathered to the file. */
  flush(): void;
  /** Waits for a write-back under way; throws what it met. */
  settle(): Promise<void>;
  /** Waits until all that was sent is on the disk. */
  sync(): Promise<void>;
  /** Makes the file as long as the image. */
  truncate(length: number): Promise<void>;
  /** What was sent to the file, ascending, joined where it touches. */
  dataRegions(): readonly DataRegion[];
}

/** Small writes are gathered up to this many bytes. */
const stagingBytes = 1 << 20;

/** From this many bytes a write goes to the file without a copy: a system call costs less than copying it. */
const directBytes = 64 << 10;

/** Where memory and disk pages begin. */
const alignment = 4096;

/** `endOfImage`: bytes at and after it are counted by nobody and written nowhere (an image that will not fit). */
export function createImageFile(
  handle: FileHandle,
  path: string,
  blockSize: number,
  endOfImage: number,
): ImageFile {
  const output = withEarlyWriteBack(handle, path);
  const staging = Buffer.alloc(stagingBytes);
  const regions = createWrittenRegions();
  let stagingStart = 0;
  let staged = 0;

  function send(position: number, bytes: Uint8Array): void {
    const length = Math.max(Math.min(bytes.length, endOfImage - position), 0);
    output.write(position, length === bytes.length ? bytes : bytes.subarray(0, length));
    regions.add(position, length);
  }

  function flush(): void {
    if (staged === 0) return;
    const length = staged;
    staged = 0;
    send(stagingStart, staging.subarray(0, length));
  }

  /** Puts as much of `bytes` as there is room for behind what is staged; answers how much. */
  function stage(position: number, bytes: Uint8Array): number {
    const end = stagingStart + staged;
    // The rest of a block that something ends in is nobody else's: it may be staged as zeros.
    const endOfBlock = Math.ceil(end / blockSize) * blockSize;
    if (staged > 0 && (position < end || position > endOfBlock || position - stagingStart >= stagingBytes))
      flush();
    if (staged === 0) stagingStart = position;
    else staging.fill(0, staged, (staged = position - stagingStart));
    const length = Math.min(bytes.length, stagingBytes - staged);
    staging.set(length === bytes.length ? bytes : bytes.subarray(0, length), staged);
    staged += length;
    if (staged === stagingBytes) flush();
    return length;
  }

  return {
    write(position, bytes) {
      let done = 0;
      if (bytes.length >= directBytes) {
        const toAlignment = (alignment - (position % alignment)) % alignment;
        if (toAlignment > 0) done = stage(position, bytes.subarray(0, toAlignment));
        flush();
        const whole = bytes.length - done - ((bytes.length - done) % alignment);
        send(position + done, bytes.subarray(done, done + whole));
        done += whole;
      }
      while (done < bytes.length) done += stage(position + done, done === 0 ? bytes : bytes.subarray(done));
    },
    flush,
    settle: () => output.settle(),
    sync: () => output.sync(),
    truncate: (length) => output.truncate(length),
    dataRegions: () => regions.list(),
  };
}
