import { constants, copyFile, open, type FileHandle } from "node:fs/promises";
import { createDurableFile, fileError } from "@bootlayer/durable-file";
import type { DataRegion } from "@bootlayer/rootfs-tree";

const chunkBytes = 4 * 2 ** 20;

/** How a copy was made: sharing blocks with its source, or byte by byte. */
export type CopyMethod = "reflink" | "copy";

/**
 * Copies a disk of `bytes` length into place, whole or not at all. Shares the blocks where the file system can
 * (ioctl_ficlone(2)); else only `dataRegions` are read and written, so that holes cost nothing and stay holes.
 *
 * @throws {DurableFileError} FILE_NO_SPACE and others. @throws the signal's reason.
 */
export async function copyDisk(
  from: string,
  to: string,
  { bytes, dataRegions }: { readonly bytes: number; readonly dataRegions: readonly DataRegion[] },
  signal: AbortSignal,
): Promise<CopyMethod> {
  if (await reflink(from, to)) return "reflink";
  const target = await createDurableFile(to);
  try {
    await copyRegions(from, target.handle, dataRegions, bytes, signal);
    await target.commit();
    return "copy";
  } catch (cause) {
    await target.discard();
    signal.throwIfAborted();
    throw fileError(`copy ${from} to ${to}`, cause);
  }
}

/** False where the file system shares no blocks, or the two paths are on different ones. */
async function reflink(from: string, to: string): Promise<boolean> {
  const target = await createDurableFile(to);
  try {
    // Clones into the inode that `target.handle` has open; a failure removes it, so the target is of no more use.
    await copyFile(from, target.temporaryPath, constants.COPYFILE_FICLONE_FORCE);
  } catch {
    await target.discard();
    return false;
  }
  await target.commit();
  return true;
}

async function copyRegions(
  from: string,
  target: FileHandle,
  regions: readonly DataRegion[],
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  const source = await open(from, "r");
  try {
    await target.truncate(bytes);
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (const { offset, length } of regions)
      for (let done = 0; done < length;) {
        signal.throwIfAborted();
        const { bytesRead } = await source.read(
          buffer,
          0,
          Math.min(chunkBytes, length - done),
          offset + done,
        );
        if (bytesRead === 0) throw new Error(`${from} ends at ${offset + done}`);
        await writeFully(target, buffer.subarray(0, bytesRead), offset + done);
        done += bytesRead;
      }
  } finally {
    await source.close();
  }
}

async function writeFully(target: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
