import { isBootlayerError } from "@bootlayer/errors";
import { verifyBlob, type Digest } from "@bootlayer/image-spec";
import { verifyDiffId } from "../diff-id.ts";
import { flattenError } from "../errors.ts";
import { detectWrapping, magicBytes } from "./detect.ts";
import { gunzip } from "./gzip.ts";
import { oneAhead } from "./one-ahead.ts";
import { unzstd } from "./zstd.ts";

/** All that unpacking a blob needs to know; plain data, to be sent to another thread. */
export interface UnpackRequest {
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
  /** More than this is a bomb. */
  readonly maxArchiveBytes: number;
  readonly maxWindowBytes: number;
}

/**
 * A layer's blob as the tar archive inside it, with digest, size and diff ID checked on the way: only reaching the end
 * proves them. A blob that cannot be decompressed is read to its end all the same, since a wrong digest explains more.
 *
 * @throws {ImageSpecError} BLOB_SIZE, BLOB_DIGEST. @throws {FlattenError} LAYER_COMPRESSION, LAYER_DECOMPRESS,
 * LAYER_LIMIT, LAYER_DIFF_ID. What `blob` throws passes through.
 */
export async function* unpackLayer(
  blob: AsyncIterable<Uint8Array>,
  request: UnpackRequest,
): AsyncGenerator<Uint8Array> {
  const verified = verifyBlob(blob, request);
  try {
    yield* verifyDiffId(limitArchive(decompress(verified, request), request), request);
  } finally {
    await verified.return(undefined);
  }
}

async function* decompress(
  verified: AsyncGenerator<Uint8Array>,
  { digest, maxWindowBytes }: UnpackRequest,
): AsyncGenerator<Uint8Array> {
  // What the source itself throws must not be taken for a fault of the data.
  let blobFault: { readonly cause: unknown } | undefined;
  async function* rest(head: Uint8Array): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let step = await verified.next(); step.done !== true; step = await verified.next())
        yield step.value;
    } catch (cause) {
      blobFault = { cause };
      throw cause;
    }
  }
  const head = await readHead(verified);
  const wrapping = detectWrapping(head);
  try {
    if (wrapping === "gzip") yield* gunzip(oneAhead(rest(head)));
    else if (wrapping === "zstd") yield* unzstd(oneAhead(rest(head)), maxWindowBytes);
    else if (wrapping === "none") yield* rest(head);
    else throw flattenError("LAYER_COMPRESSION", `layer ${digest} is compressed with ${wrapping}`);
  } catch (cause) {
    if (blobFault !== undefined) throw blobFault.cause;
    await drain(verified);
    if (isBootlayerError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw flattenError("LAYER_DECOMPRESS", `layer ${digest} is no sound ${wrapping}: ${reason}`, { cause });
  }
}

/** The first chunks joined until they tell how the blob is wrapped; all of them if there is less. */
async function readHead(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = Buffer.alloc(0);
  while (head.length < magicBytes) {
    const step = await chunks.next();
    if (step.done === true) break;
    // A chunk is its source's again once the next one is asked for.
    head = Buffer.concat([head, step.value]);
  }
  return head;
}

async function drain(chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  for (let step = await chunks.next(); step.done !== true;) step = await chunks.next();
}

async function* limitArchive(
  archive: AsyncIterable<Uint8Array>,
  { digest, size, maxArchiveBytes }: UnpackRequest,
): AsyncGenerator<Uint8Array> {
  let unpacked = 0;
  for await (const chunk of archive) {
    unpacked += chunk.length;
    if (unpacked > maxArchiveBytes)
      throw flattenError(
        "LAYER_LIMIT",
        `layer ${digest} of ${size} bytes unpacks to over ${maxArchiveBytes} bytes`,
      );
    yield chunk;
  }
}
