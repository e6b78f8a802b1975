import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { makeDirectory } from "@bootlayer/durable-file";
import { Readable } from "node:stream";
import { artifactName, artifactNotFound, checkedArtifactName, isArtifactName } from "./artifact-name.ts";
import type { ArtifactStore, ArtifactToKeep, KeptArtifact } from "./artifact-store.ts";
import { begun } from "./begun.ts";
import { createS3Client, isNotFound, storeError, type S3Settings } from "./s3-client.ts";
import { uploadDisk } from "./s3-upload.ts";
import { stageArtifact, sweepStaging } from "./staging.ts";

/** No upload takes a day: what is older was left by a server that is gone. */
const staleUploadMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Disks as objects `PREFIXKEY.FORMAT` of a bucket, whole, with holes as zeros, and their sha256 in the metadata. What is being made is
 * in `staging` on this machine. Servers share a bucket without knowing of each other: a key's object is always the same bytes.
 *
 * @throws {ServerError} ARTIFACT_STORE where the bucket cannot be listed. @throws {DurableFileError}
 */
export async function openS3Artifacts(settings: S3Settings, staging: string): Promise<ArtifactStore> {
  const { bucket, prefix } = settings;
  const client = createS3Client(settings);
  await makeDirectory(staging);

  const objectOf = (location: string): { readonly Bucket: string; readonly Key: string } => ({
    Bucket: bucket,
    Key: `${prefix}${checkedArtifactName(location)}`,
  });

  async function sweep(): Promise<number> {
    return (await sweepStaging(staging)) + (await abortStaleUploads(client, bucket, prefix));
  }

  try {
    await sweep();
  } catch (error) {
    client.destroy();
    throw error;
  }

  return {
    stage: async (key, format) => stageArtifact(staging, key, format),

    async keep(staged, artifact, signal) {
      const location = artifactName(artifact.key, artifact.format);
      const object = objectOf(location);
      // Kept before, by one that was killed before it could say so.
      if (!(await isKept(client, object, artifact, signal))) {
        try {
          await uploadDisk(staged.path, artifact, { client, bucket, key: object.Key }, signal);
        } catch (error) {
          signal.throwIfAborted();
          throw storeError(`upload ${object.Key} to the bucket ${bucket}`, error);
        }
      }
      await staged.discard();
      return location;
    },

    async open(location, { start, end }, signal) {
      const object = objectOf(location);
      if (start >= end) return Readable.from([]);
      try {
        const { Body } = await client.send(
          new GetObjectCommand({ ...object, Range: `bytes=${start}-${end - 1}` }),
          { abortSignal: signal },
        );
        if (!(Body instanceof Readable)) throw new Error("the answer has no body");
        return await begun(readBody(Body, object.Key, end - start, signal));
      } catch (error) {
        signal.throwIfAborted();
        throw isNotFound(error) ? artifactNotFound(location) : storeError(`read ${object.Key}`, error);
      }
    },

    async presign(location, { expiresSeconds, fileName }) {
      const quoted = fileName.replaceAll(/[^\w.+-]/g, "_");
      const command = new GetObjectCommand({
        ...objectOf(location),
        ResponseContentDisposition: `attachment; filename="${quoted}"`,
      });
      try {
        return await getSignedUrl(client, command, { expiresIn: expiresSeconds });
      } catch (error) {
        throw storeError(`sign an address of ${location}`, error);
      }
    },

    async remove(location) {
      try {
        await client.send(new DeleteObjectCommand(objectOf(location)));
      } catch (error) {
        if (!isNotFound(error)) throw storeError(`remove ${location}`, error);
      }
    },

    list: () => keptIn(client, bucket, prefix),

    async check() {
      try {
        await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }));
      } catch (error) {
        throw storeError(`list the bucket ${bucket}`, error);
      }
    },

    sweep,
    async close() {
      client.destroy();
    },
  };
}

async function isKept(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  { bytes, sha256 }: ArtifactToKeep,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const found = await client.send(new HeadObjectCommand(object), { abortSignal: signal });
    return found.ContentLength === bytes && found.Metadata?.["sha256"] === sha256;
  } catch (error) {
    signal.throwIfAborted();
    if (isNotFound(error)) return false;
    throw storeError(`look for ${object.Key} in the bucket ${object.Bucket}`, error);
  }
}

/** To be `begun`. A store that ends early, or sends more, is not believed. */
async function* readBody(
  body: Readable,
  key: string,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const abort = (): void => void body.destroy();
  signal.addEventListener("abort", abort, { once: true });
  let received = 0;
  try {
    yield Buffer.of();
    signal.throwIfAborted();
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      if (received > length) throw new Error("it sends more than was asked for");
      yield chunk;
    }
    signal.throwIfAborted();
    if (received < length) throw new Error("it sends less than was asked for");
  } catch (error) {
    signal.throwIfAborted();
    throw storeError(`read ${key}`, error);
  } finally {
    signal.removeEventListener("abort", abort);
    body.destroy();
  }
}

async function* keptIn(client: S3Client, bucket: string, prefix: string): AsyncGenerator<KeptArtifact> {
  let token: string | undefined;
  do {
    const page = await client
      .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }))
      .catch((error: unknown) => {
        throw storeError(`list the bucket ${bucket}`, error);
      });
    for (const { Key = "", Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
      const location = Key.slice(prefix.length);
      if (isArtifactName(location)) yield { location, bytes: Size, modified: LastModified };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

async function abortStaleUploads(client: S3Client, bucket: string, prefix: string): Promise<number> {
  let aborted = 0;
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined;
  try {
    do {
      const page = await client.send(
        new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }),
      );
      for (const { Key = "", UploadId, Initiated = new Date() } of page.Uploads ?? []) {
        const isOurs = isArtifactName(Key.slice(prefix.length));
        if (!isOurs || Date.now() - Initiated.getTime() < staleUploadMilliseconds) continue;
        await client
          .send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }))
          .catch(ignoreMissing);
        aborted += 1;
      }
      after = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
    } while (after);
  } catch (error) {
    throw storeError(`look for uploads that were left in the bucket ${bucket}`, error);
  }
  return aborted;
}

/** Another server may have been first. */
function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
