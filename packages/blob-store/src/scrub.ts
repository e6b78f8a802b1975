import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import { digestAlgorithm, digestHex, type Digest } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import type { StoreEvent } from "./events.ts";
import { contentsOfImages } from "./image-contents.ts";
import { nameOf } from "./images.ts";
import { listBlobs, type ListedBlob } from "./list-blobs.ts";
import { quarantineIf } from "./quarantine.ts";
import { openRegularFile } from "./regular-file.ts";

export interface ScrubOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

export interface ScrubReport {
  readonly checkedBlobs: number;
  readonly checkedBytes: number;
  /** What had a blob's name and not its bytes. */
  readonly wrong: readonly {
    readonly digest: Digest;
    readonly size: number;
    readonly quarantinedAs: string;
  }[];
  /** Images that lack one of those now: bring them in again. */
  readonly hurtImages: readonly { readonly name: string | undefined; readonly digests: readonly Digest[] }[];
}

/**
 * Hashes every blob again, and moves what is wrong to the quarantine, so that the next pull brings it anew. Pulls may go
 * on meanwhile. Holds 1 MiB in memory, whatever the size of the blobs.
 *
 * @throws {DurableFileError} where a blob cannot be read. @throws {StoreError} STORE_INVALID, STORE_BUSY. The signal's
 * reason when aborted; what was found by then is in the quarantine.
 */
export async function scrubStore(
  store: BlobStore,
  { signal, onEvent }: ScrubOptions = {},
): Promise<ScrubReport> {
  const blobs = await Array.fromAsync(listBlobs(store));
  const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  // What is below a wrong manifest can be seen only before it goes.
  const images = await contentsOfImages(store, signal);
  const wrong: { digest: Digest; size: number; quarantinedAs: string }[] = [];
  const buffer = Buffer.allocUnsafeSlow(2 ** 20);
  let checkedBlobs = 0;
  let checkedBytes = 0;
  for (const blob of blobs) {
    signal?.throwIfAborted();
    const verdict = await judge(blob, buffer, signal);
    if (verdict.kind === "gone") continue;
    checkedBlobs++;
    checkedBytes += blob.size;
    const quarantinedAs =
      verdict.kind === "wrong" ? await quarantine(store, blob, verdict.inode, signal) : undefined;
    if (quarantinedAs !== undefined) {
      wrong.push({ digest: blob.digest, size: blob.size, quarantinedAs });
      onEvent?.({ kind: "blob-quarantined", digest: blob.digest, bytes: blob.size });
    }
    onEvent?.({ kind: "scrub-progress", blobs: checkedBlobs, bytes: checkedBytes, totalBytes });
  }
  const hurtImages = images.flatMap(({ entry, digests }) => {
    const hurt = wrong.flatMap(({ digest }) => (digests.has(digest) ? [digest] : []));
    return hurt.length > 0 ? [{ name: nameOf(entry), digests: hurt }] : [];
  });
  return { checkedBlobs, checkedBytes, wrong, hurtImages };
}

type Verdict = Readonly<
  | { kind: "right" }
  | { kind: "gone" }
  /** The inode is that of the file that was hashed; absent where there was no regular file. */
  | { kind: "wrong"; inode: number | undefined }
>;

async function judge(
  { digest, path }: ListedBlob,
  buffer: Buffer,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  const opened = await openRegularFile(path);
  if (opened.kind === "missing") return { kind: "gone" };
  if (opened.kind === "not-a-file") return { kind: "wrong", inode: undefined };
  const { handle } = opened;
  try {
    const hash = createHash(digestAlgorithm(digest));
    for (let position = 0; ;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    if (hash.digest("hex") === digestHex(digest)) return { kind: "right" };
    return { kind: "wrong", inode: (await handle.stat()).ino };
  } catch (cause) {
    signal?.throwIfAborted();
    throw fileError(`read blob ${digest}`, cause);
  } finally {
    await handle.close();
  }
}

/** Answers with the name in the quarantine; undefined where what was judged is there no more. */
async function quarantine(
  store: BlobStore,
  { digest, path }: ListedBlob,
  inode: number | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  async function isStillThere(): Promise<boolean> {
    const found = await lstat(path).catch(() => undefined);
    // Another process has moved it, and perhaps the right one is in its place by now.
    return found !== undefined && (found.isFile() ? found.ino === inode : inode === undefined);
  }
  return quarantineIf(isStillThere, store, digest, signal);
}
