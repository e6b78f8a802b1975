/**
 * Uploads under way (distribution-spec "Pushing blobs"): a file each, as long as what has come, so that one that breaks off
 * can be gone on with after a restart too.
 *
 *     uploads/<id>.<hash of the repository>
 *
 * What has come is hashed as it comes. A file that this process has not written from its first byte is read once more at
 * the end.
 */
import { createHash, randomUUID } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, makeDirectory } from "@bootlayer/durable-file";
import { digestAlgorithm, digestHex, type Digest } from "@bootlayer/image-spec";
import type { RoomCheck } from "../disk-room.ts";
import { DistributionError } from "./distribution-error.ts";
import {
  blobTooLong,
  maxBlobBytes,
  outOfOrder,
  tooMany,
  uploadUnknown,
  type UploadName,
} from "./upload-answers.ts";
import { hashFile, lengthOf, writePart, type UploadChunk, type UploadHash } from "./upload-file.ts";

export interface UploadSessions {
  /** @throws {DistributionError} TOOMANYREQUESTS. */
  begin(repository: string): Promise<UploadName>;
  /** Bytes that have come. @throws {DistributionError} BLOB_UPLOAD_UNKNOWN. */
  length(upload: UploadName): Promise<number>;
  /**
   * Adds a part, and answers how much has come then. Another request that still writes to the upload is ended first: its
   * sender has given it up. What came of a part that breaks off stays.
   *
   * @throws {DistributionError} BLOB_UPLOAD_UNKNOWN; BLOB_UPLOAD_INVALID for a part that does not begin where the last one
   * ended; SIZE_INVALID; TOOMANYREQUESTS. @throws {ServerError} QUOTA_DISK. What `chunks` throws.
   */
  append(upload: UploadName, chunk: UploadChunk): Promise<number>;
  /**
   * Checks what has come, and gives the file to `keep`, which takes it away. An upload that does not prove right is gone.
   *
   * @throws {DistributionError} BLOB_UPLOAD_UNKNOWN, DIGEST_INVALID. What `keep` throws.
   */
  finish(
    upload: UploadName,
    digest: Digest,
    keep: (path: string, size: number) => Promise<void>,
  ): Promise<void>;
  /** @throws {DistributionError} BLOB_UPLOAD_UNKNOWN. */
  cancel(upload: UploadName): Promise<void>;
  close(): Promise<void>;
}

/** What this process knows of an upload that it has written to. */
interface LiveUpload extends UploadHash {
  /** Requests of one upload are served one after another. */
  last: Promise<void>;
  /** Ends the request that writes now. */
  stop: AbortController | undefined;
}

/** Requests that send at the same time. */
const maxWriters = 64;
const maxSessions = 10_000;
const sessionMilliseconds = 24 * 60 * 60_000;
const sweepMilliseconds = 60 * 60_000;

/** Opens the directory of uploads; those that nobody went on with for a day are removed, now and from now on. */
export async function openUploadSessions(directory: string, room: RoomCheck): Promise<UploadSessions> {
  await makeDirectory(directory);
  const live = new Map<string, LiveUpload>();
  let writers = 0;

  function pathOf({ repository, id }: UploadName): string {
    // Only what this server has made up itself comes near a path.
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw uploadUnknown(id);
    return join(directory, `${id}.${createHash("sha256").update(repository).digest("hex").slice(0, 32)}`);
  }

  /** Runs when no other request is at work on the upload. */
  async function alone<Result>(
    { id }: UploadName,
    action: (upload: LiveUpload, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const upload = live.get(id) ?? { hash: undefined, hashed: 0, last: Promise.resolve(), stop: undefined };
    live.set(id, upload);
    const before = upload.last;
    const turn = Promise.withResolvers<void>();
    upload.last = turn.promise;
    upload.stop?.abort(
      new DistributionError(409, "BLOB_UPLOAD_INVALID", "another request goes on with this upload"),
    );
    const stop = new AbortController();
    upload.stop = stop;
    try {
      await before;
      stop.signal.throwIfAborted();
      return await action(upload, stop.signal);
    } finally {
      if (upload.stop === stop) upload.stop = undefined;
      turn.resolve();
    }
  }

  async function sweep(): Promise<void> {
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined);
      const [id = ""] = name.split(".", 1);
      if (!found || found.mtimeMs > Date.now() - sessionMilliseconds || live.get(id)?.stop) continue;
      live.delete(id);
      await rm(path, { force: true });
    }
  }
  await sweep();
  const sweeping = setInterval(() => void sweep().catch(() => {}), sweepMilliseconds);
  sweeping.unref();

  return {
    async begin(repository) {
      if ((await readdir(directory)).length >= maxSessions) throw tooMany("uploads are under way");
      const upload = { repository, id: randomUUID() };
      const path = pathOf(upload);
      await (
        await open(path, "wx").catch((cause: unknown) => {
          throw fileError(`write ${path}`, cause);
        })
      ).close();
      live.set(upload.id, {
        hash: createHash("sha256"),
        hashed: 0,
        last: Promise.resolve(),
        stop: undefined,
      });
      return upload;
    },

    length: async (upload) => lengthOf(pathOf(upload), upload.id),

    async append(upload, chunk) {
      const path = pathOf(upload);
      await lengthOf(path, upload.id);
      if (writers >= maxWriters) throw tooMany("clients are sending blobs");
      writers++;
      try {
        return await alone(upload, async (session, signal) => {
          const size = await lengthOf(path, upload.id);
          if (chunk.start !== undefined && chunk.start !== size) throw outOfOrder(upload, size);
          if (size + (chunk.length ?? 0) > maxBlobBytes) throw blobTooLong();
          await room(chunk.length ?? 0);
          const handle = await open(path, "r+").catch((cause: unknown) => {
            throw fileError(`write ${path}`, cause);
          });
          try {
            signal.addEventListener("abort", chunk.abandon);
            return await writePart(session, handle, size, chunk, room);
          } finally {
            signal.removeEventListener("abort", chunk.abandon);
            await handle.close();
          }
        });
      } finally {
        writers--;
      }
    },

    async finish(upload, digest, keep) {
      const path = pathOf(upload);
      await lengthOf(path, upload.id);
      await alone(upload, async ({ hash, hashed }) => {
        const size = await lengthOf(path, upload.id);
        const isAtHand = hash !== undefined && hashed === size && digestAlgorithm(digest) === "sha256";
        const found = isAtHand ? hash.copy().digest("hex") : await hashFile(path, digest);
        if (found !== digestHex(digest)) {
          await rm(path, { force: true });
          live.delete(upload.id);
          throw new DistributionError(
            400,
            "DIGEST_INVALID",
            `the ${size} bytes that came do not have the digest ${digest}`,
          );
        }
        await keep(path, size);
        live.delete(upload.id);
      });
    },

    async cancel(upload) {
      const path = pathOf(upload);
      await lengthOf(path, upload.id);
      await alone(upload, async () => {
        await rm(path, { force: true });
        live.delete(upload.id);
      });
    },

    async close() {
      clearInterval(sweeping);
      for (const { stop } of live.values())
        stop?.abort(tooMany("the server ends, and the upload can be gone on with"));
      await Promise.all([...live.values()].map(({ last }) => last));
    },
  };
}
