import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import { ServerError } from "../errors.ts";
import type { ArtifactToKeep } from "./artifact-store.ts";

const MiB = 2 ** 20;
/** S3 takes 10,000 parts; each that is under way is in memory. */
const maxParts = 10_000;
const smallestPart = 16 * MiB;
const partsAtOnce = 3;
const readBytes = MiB;

export interface UploadTarget {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

/**
 * Sends a disk as it is read, holes as zeros. Of every part the store is told MD5 and SHA-256, which it checks, and what it answers is
 * checked here: see `checkAnswer`. An upload that fails leaves no parts.
 *
 * @throws {ServerError} ARTIFACT_STORE where the store has other bytes. @throws the signal's reason. @throws what the SDK throws.
 */
export async function uploadDisk(
  path: string,
  disk: ArtifactToKeep,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, "r");
  try {
    const partBytes = Math.max(smallestPart, Math.ceil(disk.bytes / maxParts / MiB) * MiB);
    const source: DiskSource = { file, path, disk, partBytes, zeroPart: undefined };
    if (disk.bytes <= partBytes) await putWhole(source, target, signal);
    else await putParts(source, target, signal);
  } catch (error) {
    // An object of other bytes would be taken for the disk by its name.
    if (error instanceof ServerError)
      await target.client.send(new DeleteObjectCommand(objectOf(target))).catch(() => {});
    signal.throwIfAborted();
    throw error;
  } finally {
    await file.close();
  }
}

interface DiskSource {
  readonly file: FileHandle;
  readonly path: string;
  readonly disk: ArtifactToKeep;
  readonly partBytes: number;
  /** A whole part of zeros, once there was one. */
  zeroPart: Part | undefined;
}

interface Part {
  readonly bytes: Uint8Array;
  readonly md5: Buffer;
  readonly sha256: string;
}

function objectOf({ bucket, key }: UploadTarget): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket, Key: key };
}

/** The SDK's own checksums would go by a form of upload that not every store knows: ours are headers. */
function checkedBody({ bytes, md5, sha256 }: Part): {
  readonly Body: Uint8Array;
  readonly ContentMD5: string;
  readonly ChecksumSHA256: string;
} {
  return { Body: bytes, ContentMD5: md5.toString("base64"), ChecksumSHA256: sha256 };
}

async function putWhole(source: DiskSource, target: UploadTarget, signal: AbortSignal): Promise<void> {
  const part = await readPart(source, 0, signal);
  const answer = await target.client.send(
    new PutObjectCommand({
      ...objectOf(target),
      ...checkedBody(part),
      ContentType: "application/octet-stream",
      Metadata: { sha256: source.disk.sha256 },
    }),
    { abortSignal: signal },
  );
  checkAnswer(target.key, answer, { md5: part.md5.toString("hex"), sha256: part.sha256 });
}

async function putParts(source: DiskSource, target: UploadTarget, signal: AbortSignal): Promise<void> {
  const { client, key } = target;
  const created = await client.send(
    new CreateMultipartUploadCommand({
      ...objectOf(target),
      ContentType: "application/octet-stream",
      ChecksumAlgorithm: "SHA256",
      Metadata: { sha256: source.disk.sha256 },
    }),
    { abortSignal: signal },
  );
  const upload = { ...objectOf(target), UploadId: created.UploadId };
  // The first part that fails ends the others, and all have ended before their upload is given up.
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const count = Math.ceil(source.disk.bytes / source.partBytes);
  const parts: { readonly sent: CompletedPart; readonly md5: Buffer }[] = [];
  let next = 0;

  async function sendParts(): Promise<void> {
    for (let index = next++; index < count; index = next++) {
      either.throwIfAborted();
      const part = await readPart(source, index, either);
      const sent = new UploadPartCommand({ ...upload, ...checkedBody(part), PartNumber: index + 1 });
      const answer = await client.send(sent, { abortSignal: either });
      checkAnswer(key, answer, { md5: part.md5.toString("hex"), sha256: part.sha256 });
      const { ETag, ChecksumSHA256 } = answer;
      parts[index] = { sent: { PartNumber: index + 1, ETag, ChecksumSHA256 }, md5: part.md5 };
    }
  }

  try {
    const senders = Array.from({ length: partsAtOnce }, async () =>
      sendParts().catch((error: unknown) => {
        failing.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(senders);
    either.throwIfAborted();
    const all = parts.map(({ sent }) => sent);
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: all } }), {
      abortSignal: signal,
    });
  } catch (error) {
    // Parts that are left behind cost as much as objects, and no listing shows them.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
  // Not every store says in its answer to the last request what it has made of the parts.
  const found = await client.send(new HeadObjectCommand(objectOf(target)), { abortSignal: signal });
  const md5 = createHash("md5").update(Buffer.concat(parts.map((part) => part.md5)));
  checkAnswer(key, found, { md5: `${md5.digest("hex")}-${count}` });
}

interface StoreAnswer {
  readonly ETag?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

/**
 * What the store says it has is what was sent: its SHA-256 where it tells one; else its entity tag, which is the MD5 unless the store
 * encrypts with keys of a key service.
 */
function checkAnswer(
  key: string,
  { ETag = "", ChecksumSHA256, ServerSideEncryption = "AES256", SSECustomerAlgorithm }: StoreAnswer,
  expected: { readonly md5: string; readonly sha256?: string },
): void {
  const isKnown = ChecksumSHA256 !== undefined && expected.sha256 !== undefined;
  if (!isKnown && (ServerSideEncryption !== "AES256" || SSECustomerAlgorithm !== undefined)) return;
  if (isKnown ? ChecksumSHA256 === expected.sha256 : ETag.replaceAll('"', "") === expected.md5) return;
  throw new ServerError(
    "ARTIFACT_STORE",
    `the store of disks has other bytes of ${key} than were sent`,
    "try again; if it happens again, the store or the way to it is damaged",
  );
}

/** The bytes of one part, with its digests; holes are not read. */
async function readPart(source: DiskSource, index: number, signal: AbortSignal): Promise<Part> {
  const { file, path, disk, partBytes } = source;
  const start = index * partBytes;
  const length = Math.min(partBytes, disk.bytes - start);
  const regions = regionsWithin(disk.dataRegions, start, start + length);
  const isZero = regions.length === 0 && length === partBytes;
  if (isZero && source.zeroPart) return source.zeroPart;
  const bytes = Buffer.alloc(length);
  for (const [offset, end] of regions)
    for (let position = offset; position < end;) {
      signal.throwIfAborted();
      const asked = Math.min(readBytes, end - position);
      const { bytesRead } = await file.read(bytes, position - start, asked, position);
      if (bytesRead === 0) throw new Error(`${path} ends at ${position}`);
      position += bytesRead;
    }
  const part = { bytes, ...(await digestsOf(bytes)) };
  if (isZero) source.zeroPart = part;
  return part;
}

/** [start, end) pairs of what is not zero between two places. */
function regionsWithin(
  regions: ArtifactToKeep["dataRegions"],
  start: number,
  end: number,
): readonly (readonly [start: number, end: number])[] {
  return regions
    .map(([offset, length]) => [Math.max(offset, start), Math.min(offset + length, end)] as const)
    .filter(([from, to]) => from < to);
}

/** A piece at a time, so that the process answers others between. */
async function digestsOf(bytes: Uint8Array): Promise<Omit<Part, "bytes">> {
  const [md5, sha256] = [createHash("md5"), createHash("sha256")];
  for (let position = 0; position < bytes.length; position += readBytes) {
    const piece = bytes.subarray(position, position + readBytes);
    md5.update(piece);
    sha256.update(piece);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return { md5: md5.digest(), sha256: sha256.digest("base64") };
}
