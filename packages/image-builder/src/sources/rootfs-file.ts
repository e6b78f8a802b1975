import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import { displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { readFully, sourceChanged } from "./source-file.ts";

/** By what a file of a directory is known again. */
export interface FileIdentity {
  readonly path: ByteString;
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: number;
  readonly mtimeNanoseconds: bigint;
}

/** No symlink that took its place is followed, and no fifo waited for. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file that is what it was when it was seen. */
export interface SeenFile extends AsyncDisposable {
  /** Fills a buffer. @throws {BuilderError} SOURCE_CHANGED if the file ends before. */
  read(buffer: Uint8Array, position: number): Promise<void>;
  /** To be called when all was read. @throws {BuilderError} SOURCE_CHANGED. */
  expectUnchanged(): Promise<void>;
}

/** @throws {BuilderError} SOURCE_CHANGED. @throws {DurableFileError} FILE_DENIED, FILE_FAILED. */
export async function openSeenFile(root: string, file: FileIdentity): Promise<SeenFile> {
  const name = shownPath(root, file.path);
  const handle = await open(hostPath(root, file.path), flags).catch((cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    // What is no regular file any more, or gone, opens with one of these.
    throw code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO"
      ? sourceChanged(name, cause)
      : fileError(`read ${name}`, cause);
  });

  async function expectUnchanged(): Promise<void> {
    const now = await handle.stat({ bigint: true });
    if (
      now.dev !== file.device ||
      now.ino !== file.inode ||
      now.size !== BigInt(file.size) ||
      now.mtimeNs !== file.mtimeNanoseconds
    )
      throw sourceChanged(name);
  }

  try {
    await expectUnchanged();
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    read: (buffer, position) => readFully(handle, name, buffer, position),
    expectUnchanged,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** As bytes: names need not be UTF-8. */
export function hostPath(root: string, path: ByteString): Buffer {
  return path === ""
    ? Buffer.from(root)
    : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")]);
}

export function shownPath(root: string, path: ByteString): string {
  return path === "" ? root : `${root}/${displayText(path)}`;
}
