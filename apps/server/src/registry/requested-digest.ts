import { isDigest, type Digest } from "@bootlayer/image-spec";
import { DistributionError } from "./distribution-error.ts";

/** @throws {DistributionError} DIGEST_INVALID for any other text: only a digest comes near a path. */
export function requestedDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DistributionError(
    400,
    "DIGEST_INVALID",
    `${JSON.stringify(text.slice(0, 200))} is no sha256 or sha512 digest`,
  );
}
