import { createHash, type Hash } from "node:crypto";
import { ImageSpecError } from "./errors.ts";

/** `algorithm:hex`, validated: safe as a part of a path or URL (image-spec descriptor.md, "Digests"). */
declare const digestBrand: unique symbol;
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = "sha256" | "sha512";

const hexLengths: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/**
 * Whether it is sha256 or sha512 with exactly as many lowercase hex digits as the algorithm gives: no other text may come
 * near a path (CVE-2024-3727).
 */
export function isDigest(text: string): text is Digest {
  const [, algorithm, hex] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  return isAlgorithm(algorithm) && hex?.length === hexLengths[algorithm];
}

/** @throws {ImageSpecError} DIGEST_INVALID unless `isDigest`. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ImageSpecError(
    "DIGEST_INVALID",
    `${JSON.stringify(text.slice(0, 200))} is no digest`,
    "a digest is sha256: and 64, or sha512: and 128, lowercase hex digits",
  );
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

/** Digest, by sha256, and length of a stream, which is read to its end. */
export async function digestOfStream(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: digestOfHash(hash), size };
}

/** Of all that a sha256 hash was given; nothing more can be then. */
export function digestOfHash(hash: Hash): Digest {
  return parseDigest(`sha256:${hash.digest("hex")}`);
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

/** The part behind the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

function isAlgorithm(text: string | undefined): text is DigestAlgorithm {
  return text === "sha256" || text === "sha512";
}
