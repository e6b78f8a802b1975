import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat, type FileHandle } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import { digestAlgorithm, type Digest } from "@bootlayer/image-spec";
import type { RoomCheck } from "../disk-room.ts";
import { DistributionError } from "./distribution-error.ts";
import { blobTooLong, maxBlobBytes, uploadUnknown } from "./upload-answers.ts";

/** A part of a blob on its way. */
export interface UploadChunk {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Makes `chunks` end with an error, at once. */
  readonly abandon: () => void;
  /** Where the sender says that it begins. */
  readonly start?: number | undefined;
  /** How long the sender says that it is, in bytes. */
  readonly length?: number | undefined;
}

/** What has come of an upload, hashed on its way. */
export interface UploadHash {
  /** Undefined where this process has not seen every byte. */
  hash: Hash | undefined;
  /** So many of the file's first bytes are in it. */
  hashed: number;
}

/** A stream whose length nobody has said is measured against the room every so many bytes. */
const roomBytes = 64 * 2 ** 20;

/** @throws {DistributionError} BLOB_UPLOAD_UNKNOWN. */
export async function lengthOf(path: string, id: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw uploadUnknown(id);
  return found.size;
}

/** Writes and hashes what comes behind `begin`. A part that is not as long as was said leaves nothing. */
export async function writePart(
  session: UploadHash,
  handle: FileHandle,
  begin: number,
  { chunks, length }: UploadChunk,
  room: RoomCheck,
): Promise<number> {
  const fail = async (error: DistributionError): Promise<never> => {
    session.hash = undefined;
    await handle.truncate(begin);
    throw error;
  };
  let position = begin;
  let measured = begin;
  for await (const chunk of chunks) {
    if (length !== undefined && position + chunk.length > begin + length)
      return fail(new DistributionError(400, "SIZE_INVALID", `the part is longer than its ${length} bytes`));
    if (position + chunk.length > maxBlobBytes) return fail(blobTooLong());
    if (position - measured > roomBytes) {
      await room(roomBytes);
      measured = position;
    }
    await writeAll(handle, chunk, position);
    if (session.hash && session.hashed === position) {
      session.hash.update(chunk);
      session.hashed += chunk.length;
    }
    position += chunk.length;
  }
  if (length !== undefined && position !== begin + length)
    return fail(
      new DistributionError(400, "SIZE_INVALID", `the part has ${position - begin} of its ${length} bytes`),
    );
  return position;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;)
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  } catch (cause) {
    throw fileError("write an upload", cause);
  }
}

/** The hash of a whole file, hex. */
export async function hashFile(path: string, digest: Digest): Promise<string> {
  const hash = createHash(digestAlgorithm(digest));
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
    if (chunk instanceof Uint8Array) hash.update(chunk);
  return hash.digest("hex");
}
