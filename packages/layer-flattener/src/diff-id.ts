import { createHash } from "node:crypto";
import { digestAlgorithm, digestHex, type Digest } from "@bootlayer/image-spec";
import { flattenError } from "./errors.ts";

/**
 * Passes a layer's archive on while checking it against its diff ID (image-spec config.md, "Layer DiffID"). Only
 * reaching the end proves it. Nothing is said of length: the diff ID alone says what the archive is.
 *
 * @throws {FlattenError} LAYER_DIFF_ID at the end.
 */
export async function* verifyDiffId(
  archive: AsyncIterable<Uint8Array>,
  { digest, diffId }: { readonly digest: Digest; readonly diffId: Digest },
): AsyncGenerator<Uint8Array> {
  const hash = createHash(digestAlgorithm(diffId));
  for await (const chunk of archive) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== digestHex(diffId))
    throw flattenError("LAYER_DIFF_ID", `layer ${digest} does not unpack to its diff ID ${diffId}`);
}
