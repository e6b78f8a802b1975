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

const accept = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
].join(", ");

/**
 * Fetches what a reference names (distribution-spec "Pulling manifests"), by its digest if it has one. `expected` is
 * what an index said about it.
 *
 * @throws {RegistryError} by kind of failure. @throws {ImageSpecError} BLOB_DIGEST, BLOB_SIZE, DOCUMENT_TOO_LARGE,
 * DOCUMENT_INVALID, DOCUMENT_UNSUPPORTED.
 */
export async function fetchManifest(
  client: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
  expected?: Descriptor,
): Promise<FetchedManifest> {
  const name = formatReference(reference);
  const limit = expected?.size ?? maxDocumentBytes;
  if (limit > maxDocumentBytes) throw tooLarge(name, limit);
  for (let failures = 1; ; failures++) {
    try {
      return await fetchOnce(client, reference, name, expected, signal);
    } catch (error) {
      await client.pause(error, failures, name, signal);
    }
  }
}

async function fetchOnce(
  client: RegistryClient,
  { registry, repository, tag = "latest", digest: wanted }: Reference,
  name: string,
  expected: Descriptor | undefined,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const path = `manifests/${wanted ?? tag}`;
  const request = { registry, repository, method: "GET", path, headers: { accept }, subject: name } as const;
  const response = await client.send(request, signal);
  const bytes = await manifestBytes(response, name);
  const digest = checkedDigest(bytes, wanted ?? announcedDigest(response), name);
  if (expected && bytes.length !== expected.size)
    throw new ImageSpecError(
      "BLOB_SIZE",
      `${name} has ${bytes.length} bytes, where its index says ${expected.size}`,
      "the image was made by a faulty tool",
    );
  const [contentType = ""] = (response.headers("content-type")[0] ?? "").split(";");
  const announced = expected?.mediaType ?? contentType.trim();
  const document = parseDocument(bytes, name, announced);
  const { mediaType = announced } = document.kind === "manifest" ? document.manifest : document.index;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, document };
}

async function manifestBytes(response: HttpResponse, name: string): Promise<Buffer> {
  try {
    return await boundedBody(response, maxDocumentBytes, name);
  } catch (cause) {
    if (cause instanceof RegistryError && cause.code === "REGISTRY_RESPONSE_TOO_LARGE")
      throw tooLarge(name, undefined, cause);
    throw cause;
  }
}

function tooLarge(name: string, size: number | undefined, cause?: unknown): ImageSpecError {
  return new ImageSpecError(
    "DOCUMENT_TOO_LARGE",
    `${name} has ${size ?? "more"} bytes${size === undefined ? " than" : ", more than"} ${maxDocumentBytes}`,
    "no image needs a manifest of that size",
    { cause },
  );
}

/** A registry may say which digest it keeps a tag under; a text that is no digest says nothing. */
function announcedDigest(response: HttpResponse): Digest | undefined {
  try {
    const [digest] = response.headers("docker-content-digest");
    return digest === undefined ? undefined : parseDigest(digest);
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
