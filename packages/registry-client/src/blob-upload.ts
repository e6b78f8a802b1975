import type { Descriptor } from "@bootlayer/image-spec";
import { withRetries } from "./attempts.ts";
import { blobReader, type BlobReader, type OpenBlob } from "./blob-reader.ts";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./errors.ts";
import { isRepository, type Reference } from "./reference.ts";
import {
  askUpload,
  beginUpload,
  cancelUpload,
  closingUrl,
  mountBlob,
  sessionAfterChunk,
  uploadRequest,
  type UploadSession,
  type UploadTarget,
} from "./upload-session.ts";

/** How a blob came to be in the registry. */
export type PushedBlob = "present" | "mounted" | "uploaded";

export interface PushBlobOptions {
  readonly signal: AbortSignal;
  /** Repositories of the same registry that may hold it. The first four are asked. */
  readonly mountFrom?: readonly string[];
  /** A larger blob is sent in chunks of this size, or of the least that the registry asks for. 64 MiB if absent. */
  readonly chunkBytes?: number;
}

const maxMounts = 4;
const defaultChunkBytes = 64 * 2 ** 20;
/** An upload that got on by this much before it broke is not one that fails again and again. */
const progressBytes = 64 * 1024;

interface Upload {
  readonly client: RegistryClient;
  readonly target: UploadTarget;
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  readonly reader: BlobReader;
  readonly chunkBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Brings a blob into a repository (distribution-spec "Pushing blobs"), unless it is there: by mounting it from a
 * repository that may have it, else by one request, or by chunks if it is large. A registry that refuses the one way is
 * tried by the other. An upload that breaks goes on where the registry says that it ended, or from the first byte. One
 * that fails for good or is cancelled is deleted.
 *
 * `open` gives the blob's bytes from the first one, and may be called again. Size and digest are checked on the way; the
 * last bytes are not sent before they have proved right.
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_OPTIONS. @throws {ImageSpecError} BLOB_SIZE, BLOB_DIGEST.
 * Whatever `open` throws, and the signal's reason when aborted.
 */
export async function pushBlob(
  client: RegistryClient,
  { registry, repository }: Pick<Reference, "registry" | "repository">,
  descriptor: Pick<Descriptor, "digest" | "size">,
  open: OpenBlob,
  { signal, mountFrom = [], chunkBytes = defaultChunkBytes }: PushBlobOptions,
): Promise<PushedBlob> {
  const subject = `blob ${descriptor.digest} of ${registry}/${repository}`;
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes < 1)
    throw new RegistryError("REGISTRY_OPTIONS", `${subject}: no chunk has ${chunkBytes} bytes`, "at least 1");
  for (const name of mountFrom)
    if (!isRepository(name))
      throw new RegistryError(
        "REGISTRY_OPTIONS",
        `${subject}: ${JSON.stringify(name.slice(0, 300))} is no repository to mount it from`,
        "name repositories of the same registry, without a tag",
      );
  const target = { registry, repository, subject };
  const reader = blobReader(open, descriptor);
  const upload = { client, target, descriptor, reader, chunkBytes, signal };
  const end = await client.uploadTurn(registry, signal);
  try {
    if (await withRetries(client, subject, signal, () => isPresent(upload))) return "present";
    const others = mountFrom.filter((name) => name !== repository).slice(0, maxMounts);
    const mounted = await mount(upload, others);
    if (mounted === "mounted") return "mounted";
    await uploadBytes(upload, mounted);
    return "uploaded";
  } finally {
    await reader.close();
    end();
  }
}

/** A registry that cannot tell is believed not to have it. */
async function isPresent({ client, target, descriptor, signal }: Upload): Promise<boolean> {
  const request = uploadRequest(target, "HEAD", `blobs/${descriptor.digest}`);
  try {
    const response = await client.send(request, signal);
    await response.discard();
    const [length = descriptor.size] = response.headers("content-length");
    return Number(length) === descriptor.size;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** A mount that does not come about leaves an upload, with which the last one goes on. */
async function mount(
  { client, target, descriptor: { digest }, signal }: Upload,
  repositories: readonly string[],
): Promise<"mounted" | UploadSession | undefined> {
  let session: UploadSession | undefined;
  for (const from of repositories) {
    if (session) await cancelUpload(client, target, session);
    session = undefined;
    try {
      const answer = await mountBlob(client, target, { digest, from }, signal);
      if (answer === "mounted") return answer;
      session = answer;
    } catch {
      signal.throwIfAborted();
      // Not worth a second attempt: what is wrong with more than the mount will show in the upload.
    }
  }
  return session;
}

async function uploadBytes(upload: Upload, begun: UploadSession | undefined): Promise<void> {
  const { client, target, descriptor, chunkBytes, signal } = upload;
  let session = begun;
  let isBroken = false;
  let inChunks = descriptor.size > chunkBytes;
  let mayChangeWay = true;
  let failures = 0;
  let brokeAt = 0;
  try {
    for (;;) {
      try {
        if (session && isBroken) session = await askUpload(client, target, session, signal);
        isBroken = false;
        if (!session) {
          // The answer to an upload's end may be what was lost.
          if (failures > 0 && (await isPresent(upload))) return;
          session = await beginUpload(client, target, signal);
        }
        const sendsAll = !inChunks && session.offset === 0;
        if (!sendsAll) for await (const next of sendChunks(upload, session)) session = next;
        return await endUpload(upload, session);
      } catch (error) {
        signal.throwIfAborted();
        if (session && mayChangeWay && isRefusal(error)) {
          await cancelUpload(client, target, session);
          session = undefined;
          mayChangeWay = false;
          inChunks = !inChunks;
          continue;
        }
        const at = session?.offset ?? 0;
        failures = at - brokeAt >= progressBytes ? 1 : failures + 1;
        brokeAt = at;
        isBroken = true;
        await client.pause(error, failures, target.subject, signal);
      }
    }
  } catch (error) {
    if (session) await cancelUpload(client, target, session);
    throw error;
  }
}

/** distribution-spec "Pushing a blob in chunks": gives the upload as it is after each of them. */
async function* sendChunks(upload: Upload, begun: UploadSession): AsyncGenerator<UploadSession> {
  let session = begun;
  while (session.offset < upload.descriptor.size) {
    session = await sendChunk(upload, session);
    yield session;
  }
}

async function sendChunk(upload: Upload, session: UploadSession): Promise<UploadSession> {
  const { client, target, descriptor, chunkBytes, signal } = upload;
  const { offset, minChunkBytes, location } = session;
  const length = Math.min(Math.max(chunkBytes, minChunkBytes), descriptor.size - offset);
  const request = uploadRequest(target, "PATCH", location);
  const headers = {
    "content-type": "application/octet-stream",
    "content-range": `${offset}-${offset + length - 1}`,
  };
  const response = await client.send({ ...request, headers, body: bodyOf(upload, offset, length) }, signal);
  await response.discard();
  const next = sessionAfterChunk(response, target, session, offset + length);
  if (next.offset > offset && next.offset <= offset + length) return next;
  throw new RegistryError(
    "REGISTRY_PROTOCOL",
    `${target.subject}: ${response.url.host} took bytes ${offset} to ${offset + length} and says that it has ${next.offset}`,
    "this registry does not take uploads in chunks",
    { status: response.status },
  );
}

/** The last request of an upload, with all bytes if none were sent before. */
async function endUpload(upload: Upload, session: UploadSession): Promise<void> {
  const { client, target, descriptor, signal } = upload;
  const { digest, size } = descriptor;
  const request = uploadRequest(target, "PUT", closingUrl(session, digest));
  const headers = { "content-type": "application/octet-stream" };
  const body = bodyOf(upload, session.offset, size - session.offset);
  const response = await client.send({ ...request, headers, body }, signal);
  await response.discard();
  // Another success than the specification's may be of something in between.
  if (response.status === 201 || (await isPresent(upload))) return;
  throw new RegistryError(
    "REGISTRY_PROTOCOL",
    `${target.subject}: ${response.url.host} answers ${response.status} and does not have it`,
    "something between here and the registry answers in its place",
    { status: response.status, isTransient: true },
  );
}

function bodyOf({ client, reader, descriptor: { digest, size } }: Upload, offset: number, length: number) {
  async function* open(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let bytes = offset;
    for await (const chunk of reader.read(offset, length, signal)) {
      bytes += chunk.length;
      yield chunk;
      client.emit({ kind: "blob-upload-bytes", digest, bytes, totalBytes: size });
    }
  }
  return { length, open };
}

/** An answer that will not change: neither trouble that passes nor a matter of who asks. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error.status === undefined || error.isTransient) return false;
  return error.status !== 401 && error.status !== 403 && error.status !== 429;
}
