import { verifyBlob, type Digest } from "@bootlayer/image-spec";
import { verifyDiffId } from "../diff-id.ts";
import { flattenError } from "../errors.ts";
import { unwrap } from "./unwrap.ts";

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
    const archive = unwrap(verified, {
      name: `layer ${request.digest}`,
      maxWindowBytes: request.maxWindowBytes,
    });
    yield* verifyDiffId(limitArchive(archive, request), request);
  } finally {
    await verified.return(undefined);
  }
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
