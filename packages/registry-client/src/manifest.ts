import {
  digestAlgorithm,
  digestOf,
  ImageSpecError,
  maxDocumentBytes,
  mediaTypes,
  parseDigest,
  parseDocument,
  type Descriptor,
  type Digest,
  type ImageDocument,
} from "@bootlayer/image-spec";
import { withRetries } from "./attempts.ts";
import { boundedBody } from "./bounded-body.ts";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./errors.ts";
import { formatReference, type Reference } from "./reference.ts";
import type { HttpResponse } from "./transport.ts";

/** A manifest or an index as a registry gave it, checked. */
export interface FetchedManifest {
  /** Its digest is of these very bytes. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly document: ImageDocument;
}

/** The bytes of a manifest or index, whose digest is theirs. */
export interface ManifestBytes {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** From Content-Type, which the registry may have left out. */
  readonly mediaType: string | undefined;
}

const accept = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
].join(", ");

/**
 * Fetches what a reference names (distribution-spec "Pulling manifests"), by its digest if it has one.
 *
 * @throws {RegistryError} by kind of failure.
 * @throws {ImageSpecError} BLOB_DIGEST, DOCUMENT_TOO_LARGE, DOCUMENT_INVALID, DOCUMENT_UNSUPPORTED.
 */
export async function fetchManifest(
  client: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const { bytes, digest, mediaType } = await fetchManifestBytes(client, reference, signal);
  const document = parseDocument(bytes, formatReference(reference), mediaType);
  const [own, usual] =
    document.kind === "manifest"
      ? [document.manifest.mediaType, mediaTypes.ociManifest]
      : [document.index.mediaType, mediaTypes.ociIndex];
  return {
    descriptor: { mediaType: own ?? mediaType ?? usual, digest, size: bytes.length },
    bytes,
    document,
  };
}

/** As `fetchManifest`, without reading the document. `size` is what a descriptor says of it, if one is known. */
export async function fetchManifestBytes(
  client: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
  size?: number,
): Promise<ManifestBytes> {
  const name = formatReference(reference);
  return withRetries(client, name, signal, () => fetchOnce(client, reference, name, size, signal));
}

async function fetchOnce(
  client: RegistryClient,
  { registry, repository, tag = "latest", digest: wanted }: Reference,
  name: string,
  size: number | undefined,
  signal: AbortSignal,
): Promise<ManifestBytes> {
  const path = `manifests/${wanted ?? tag}`;
  const request = { registry, repository, method: "GET", path, headers: { accept }, subject: name } as const;
  const response = await client.send(request, signal);
  const bytes = await readBody(response, name);
  if (size !== undefined && bytes.length !== size)
    throw new ImageSpecError(
      "BLOB_SIZE",
      `${name} has ${bytes.length} bytes, where its index says ${size}`,
      "the image was made by a faulty tool, or its source is damaged",
    );
  const digest = checkedDigest(bytes, wanted ?? announcedDigest(response), name);
  const [contentType = ""] = (response.headers("content-type")[0] ?? "").split(";");
  return { bytes, digest, mediaType: contentType.trim().toLowerCase() || undefined };
}

async function readBody(response: HttpResponse, name: string): Promise<Uint8Array> {
  try {
    return await boundedBody(response, maxDocumentBytes, name);
  } catch (cause) {
    if (!(cause instanceof RegistryError && cause.code === "REGISTRY_RESPONSE_TOO_LARGE")) throw cause;
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `${name} has more than ${maxDocumentBytes} bytes`,
      "no image needs a manifest of that size",
      { cause },
    );
  }
}

/** A registry may say which digest it keeps a tag under; a text that is no digest says nothing. */
function announcedDigest(response: HttpResponse): Digest | undefined {
  const [announced] = response.headers("docker-content-digest");
  try {
    return announced === undefined ? undefined : parseDigest(announced);
  } catch {
    return undefined;
  }
}

function checkedDigest(bytes: Uint8Array, claimed: Digest | undefined, name: string): Digest {
  const digest = digestOf(bytes, claimed === undefined ? "sha256" : digestAlgorithm(claimed));
  if (claimed === undefined || digest === claimed) return digest;
  throw new ImageSpecError(
    "BLOB_DIGEST",
    `${name} should have digest ${claimed}, its bytes have ${digest}`,
    "its source is damaged or lies: get the image again",
  );
}
