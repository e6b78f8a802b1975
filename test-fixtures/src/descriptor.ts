import { createHash } from "node:crypto";

/** An OCI descriptor (image-spec descriptor.md) as fixtures write it. */
export interface FixtureDescriptor {
  readonly mediaType: string;
  readonly digest: `sha256:${string}`;
  readonly size: number;
}

export function sha256Digest(bytes: Uint8Array): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function describeBytes(mediaType: string, bytes: Uint8Array): FixtureDescriptor {
  return { mediaType, digest: sha256Digest(bytes), size: bytes.length };
}
