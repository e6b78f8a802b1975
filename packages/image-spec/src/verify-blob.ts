import { createHash } from "node:crypto";
import type { Descriptor } from "./descriptor.ts";
import { digestAlgorithm, digestHex } from "./digest.ts";
import { ImageSpecError } from "./errors.ts";

/**
 * Passes a blob's bytes on while checking them against its descriptor (image-spec descriptor.md, "Digests"). Only
 * reaching the end proves them: nothing may be trusted before.
 *
 * @throws {ImageSpecError} BLOB_SIZE as soon as there is one byte too many, or at the end if there are too few;
 * BLOB_DIGEST at the end.
 */
export async function* verifyBlob(
  chunks: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
): AsyncGenerator<Uint8Array> {
  const hash = createHash(digestAlgorithm(digest));
  let received = 0;
  for await (const chunk of chunks) {
    received += chunk.length;
    if (received > size)
      throw new ImageSpecError(
        "BLOB_SIZE",
        `blob ${digest} runs past its ${size} bytes`,
        "its source is damaged or lies: get the image again",
      );
    hash.update(chunk);
    yield chunk;
  }
  if (received < size)
    throw new ImageSpecError(
      "BLOB_SIZE",
      `blob ${digest} ends at ${received} of ${size} bytes`,
      "its source is damaged or was cut off: get the image again",
    );
  if (hash.digest("hex") !== digestHex(digest))
    throw new ImageSpecError(
      "BLOB_DIGEST",
      `blob ${digest} does not match its bytes`,
      "its source is damaged or lies: get the image again",
    );
}

/** The whole of a small blob (a manifest or a config), checked. The caller has bounded `size`. */
export async function verifiedBytes(
  chunks: AsyncIterable<Uint8Array>,
  descriptor: Pick<Descriptor, "digest" | "size">,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of verifyBlob(chunks, descriptor)) parts.push(new Uint8Array(chunk));
  return Buffer.concat(parts);
}
