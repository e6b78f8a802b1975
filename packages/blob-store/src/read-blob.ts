import { lstat, type FileHandle } from "node:fs/promises";
import { fileError, readAhead } from "@bootlayer/durable-file";
import {
  ImageSpecError,
  maxDocumentBytes,
  verifiedBytes,
  type Descriptor,
  type Digest,
} from "@bootlayer/image-spec";
import { StoreError } from "./errors.ts";
import { blobPath, type Layout } from "./layout.ts";
import { openRegularFile } from "./regular-file.ts";

/** What names a blob: of a descriptor, only this is looked at. */
export type BlobName = Pick<Descriptor, "digest" | "size">;

/** Whether the blob is there, as a file of the right size. Its bytes are not read. */
export async function hasBlob(layout: Layout, { digest, size }: BlobName): Promise<boolean> {
  return (await blobSize(layout, digest)) === size;
}

/** Length of the file that has the blob's name; undefined where there is none. Its bytes are not read. */
export async function blobSize(layout: Layout, digest: Digest): Promise<number | undefined> {
  const path = blobPath(layout, digest);
  try {
    const found = await lstat(path);
    return found.isFile() ? found.size : undefined;
  } catch (cause) {
    const error = fileError(`look for ${path}`, cause);
    if (error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * A blob's bytes in chunks of 1 MiB, as they are on disk: whoever needs them to be right checks them (`verifyBlob`).
 * While one chunk is worked on the next is read. A chunk's memory is used again when the next one is asked for.
 *
 * @throws {StoreError} at the first chunk: STORE_BLOB_MISSING; STORE_BLOB_DAMAGED if its size is wrong or it is no
 * regular file (symlinks are not followed: a layout from elsewhere shall not say what else is read). The signal's reason
 * when aborted.
 */
export async function* readBlob(
  layout: Layout,
  descriptor: BlobName,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  const handle = await openBlob(layout, descriptor);
  try {
    const { size } = descriptor;
    const fill = (buffer: Buffer, position: number) => fillFrom(handle, buffer, position, descriptor);
    yield* readAhead(fill, { offset: 0, length: size }, signal);
  } finally {
    await handle.close();
  }
}

/**
 * The whole of a manifest, index or config, checked against its descriptor.
 *
 * @throws {ImageSpecError} DOCUMENT_TOO_LARGE, BLOB_SIZE, BLOB_DIGEST. @throws {StoreError} as `readBlob`.
 */
export async function readDocument(
  layout: Layout,
  descriptor: BlobName,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > maxDocumentBytes)
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `document ${digest} has ${size} bytes, more than ${maxDocumentBytes}`,
      "no image needs a document of that size",
    );
  return verifiedBytes(readBlob(layout, descriptor, signal), descriptor);
}

/** @throws {StoreError} STORE_BLOB_MISSING, STORE_BLOB_DAMAGED. */
export async function openBlob(layout: Layout, { digest, size }: BlobName): Promise<FileHandle> {
  const opened = await openRegularFile(blobPath(layout, digest));
  if (opened.kind === "missing")
    throw new StoreError(
      "STORE_BLOB_MISSING",
      `blob ${digest} is not in ${layout.directory}`,
      "get the image again; a layout may hold only some of an index's platforms",
    );
  if (opened.kind === "not-a-file")
    throw damaged(
      layout,
      digest,
      "is no regular file",
      "copy the layout with its symlinks followed (cp -rL)",
    );
  if (opened.size === size) return opened.handle;
  await opened.handle.close();
  throw damaged(layout, digest, `has ${opened.size} bytes instead of ${size}`, "get the image again");
}

async function fillFrom(
  handle: FileHandle,
  buffer: Buffer,
  position: number,
  { digest, size }: BlobName,
): Promise<void> {
  for (let filled = 0; filled < buffer.length;) {
    const offset = position + filled;
    const { bytesRead } = await handle
      .read(buffer, filled, buffer.length - filled, offset)
      .catch((cause: unknown) => {
        throw fileError(`read blob ${digest}`, cause);
      });
    if (bytesRead === 0)
      throw new StoreError(
        "STORE_BLOB_DAMAGED",
        `blob ${digest} was cut to ${offset} of ${size} bytes while it was read`,
        "get the image again",
      );
    filled += bytesRead;
  }
}

function damaged({ directory }: Layout, digest: string, what: string, hint: string): StoreError {
  return new StoreError("STORE_BLOB_DAMAGED", `blob ${digest} in ${directory} ${what}`, hint);
}
