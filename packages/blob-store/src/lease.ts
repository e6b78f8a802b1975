import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileError, isOwnerAlive, ownerTag, parseOwnerTag } from "@bootlayer/durable-file";
import { parseDigest, type Digest } from "@bootlayer/image-spec";
import * as z from "zod";
import type { BlobStore } from "./blob-store.ts";
import { StoreError } from "./errors.ts";
import { withStoreLock } from "./store-lock.ts";

/**
 * Keeps blobs from being collected that no image of the store needs yet. It is a file whose name says which process made
 * it: it ends when it is released, when that process does, or when it was not renewed in time, which only counts where
 * the process cannot be asked for or has hung.
 */
export interface Lease extends AsyncDisposable {
  /** From when this settles the blobs are kept; also what is below a manifest or index among them. */
  add(...digests: readonly Digest[]): Promise<void>;
  /** Counts the time from now on. The lease does this by itself, as long as its process gets to it. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

export interface LeaseOptions {
  /** Default: ten minutes. */
  readonly ttlMilliseconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultTtlMilliseconds = 10 * 60_000;
const longestTtlMilliseconds = 7 * 24 * 60 * 60_000;
const suffix = ".lease";

const schema = z.strictObject({
  expires: z.number(),
  digests: z.array(z.string().transform((text) => parseDigest(text))),
});

/**
 * Holds blobs, whether they are there yet or not. Take the lease first and then look which blobs are there: those stay
 * until the image has its name, whatever other processes collect.
 *
 * @throws {StoreError} STORE_BUSY; STORE_OPTIONS. @throws {DurableFileError}
 */
export async function holdBlobs(
  store: BlobStore,
  digests: Iterable<Digest>,
  { ttlMilliseconds = defaultTtlMilliseconds, signal }: LeaseOptions = {},
): Promise<Lease> {
  if (!(ttlMilliseconds > 0 && ttlMilliseconds <= longestTtlMilliseconds))
    throw new StoreError(
      "STORE_OPTIONS",
      `a lease cannot last ${ttlMilliseconds} milliseconds`,
      "it lasts more than none and at most a week",
    );
  const path = join(store.leaseDirectory, `${ownerTag()}${suffix}`);
  const held = new Set(digests);
  let last: Promise<void> = Promise.resolve();
  let released = false;

  async function write(): Promise<void> {
    if (released) return;
    const content: z.input<typeof schema> = { expires: Date.now() + ttlMilliseconds, digests: [...held] };
    try {
      await writeFile(`${path}.new`, JSON.stringify(content));
      await rename(`${path}.new`, path);
    } catch (cause) {
      throw fileError(`write ${path}`, cause);
    }
  }

  /** One after another: each writes all that is held by then. */
  async function inTurn(action: () => Promise<void>): Promise<void> {
    const turn = last.then(action);
    last = turn.catch(() => {});
    await turn;
  }

  const renewing = setInterval(() => {
    // A full disk now may be none at the next turn; the lease lasts longer than that.
    inTurn(write).catch(() => {});
  }, ttlMilliseconds / 3);
  renewing.unref();

  const lease: Lease = {
    async add(...more) {
      for (const digest of more) held.add(digest);
      await inTurn(() => withStoreLock(store, write, signal));
    },
    renew: () => inTurn(write),
    async release() {
      clearInterval(renewing);
      released = true;
      await inTurn(() => rm(path, { force: true }));
    },
    [Symbol.asyncDispose]: () => lease.release(),
  };
  try {
    await lease.add();
  } catch (error) {
    await lease.release();
    throw error;
  }
  return lease;
}

/** What living leases hold, and the files of the others. */
export interface Leases {
  readonly held: ReadonlySet<Digest>;
  readonly ended: readonly string[];
}

/** @throws {DurableFileError} if they cannot be listed. */
export async function readLeases({ leaseDirectory }: BlobStore): Promise<Leases> {
  const names = await readdir(leaseDirectory).catch((cause: unknown) => {
    throw fileError(`read ${leaseDirectory}`, cause);
  });
  const held = new Set<Digest>();
  const ended: string[] = [];
  for (const name of names) {
    const [, tag = "", isNew] = /^(.+)\.lease(\.new)?$/.exec(name) ?? [];
    const owner = parseOwnerTag(tag);
    if (!owner) continue;
    const path = join(leaseDirectory, name);
    const alive = isOwnerAlive(owner);
    if (alive !== false && isNew !== undefined) continue;
    const lease = alive === false ? undefined : await readLease(path);
    if (lease && lease.expires > Date.now()) for (const digest of lease.digests) held.add(digest);
    else ended.push(path);
  }
  return { held, ended };
}

/** Undefined where it is gone, or was cut by a power loss, which no process that made one has outlived. */
async function readLease(path: string): Promise<z.output<typeof schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
