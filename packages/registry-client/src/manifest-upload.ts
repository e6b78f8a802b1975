import {
  digestAlgorithm,
  digestOf,
  ImageSpecError,
  maxDocumentBytes,
  mediaTypes,
  isDigest,
  parseDigest,
  type Digest,
} from "@bootlayer/image-spec";
import * as z from "zod";
import { withRetries } from "./attempts.ts";
import { boundedBody } from "./bounded-body.ts";
import type { RegistryClient, RegistryRequest } from "./client.ts";
import { RegistryError } from "./errors.ts";
import { formatReference, type Reference } from "./reference.ts";
import { addToReferrersTag } from "./referrers-tag.ts";
import type { HttpResponse } from "./transport.ts";

/** A manifest or an index, as its bytes are. */
export interface PushedManifest {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
}

export interface PushManifestOptions {
  readonly signal: AbortSignal;
  /** What the manifest refers to. Absent: what its own `subject` says. */
  readonly subject?: Digest;
}

/** Of a manifest or an index, what its entry in a list of referrers repeats (distribution-spec "Listing Referrers"). */
const referrerSchema = z.object({
  subject: z.object({ digest: z.string() }).optional().catch(undefined),
  artifactType: z.string().min(1).optional().catch(undefined),
  config: z.object({ mediaType: z.string() }).optional().catch(undefined),
  annotations: z.record(z.string(), z.string()).optional().catch(undefined),
});

/**
 * Puts a manifest into a repository, under a digest or a tag (distribution-spec "Pushing Manifests"); what it refers to
 * must be there. A reference with both is a digest's. A manifest with a subject is listed under the referrers tag where
 * the registry does not keep that list ("Pushing Manifests with Subject"). A digest that is not of sha256 is told to the registry
 * beside a tag.
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_PROTOCOL where the registry took something else for the manifest,
 * keeps it under another digest than its own, or where the referrers tag is no list. @throws {ImageSpecError} BLOB_DIGEST, DOCUMENT_TOO_LARGE before anything is sent.
 */
export async function pushManifest(
  client: RegistryClient,
  { registry, repository, tag = "latest", digest: wanted }: Reference,
  manifest: PushedManifest,
  options: PushManifestOptions,
): Promise<void> {
  const { bytes, digest, mediaType } = manifest;
  const { signal } = options;
  const name = wanted === undefined ? { tag } : { digest: wanted };
  const subject = `manifest ${formatReference({ registry, repository, ...name })}`;
  checkManifest(manifest, wanted, subject);
  // What a tag names has the registry's usual algorithm unless it is told (distribution-spec "Pushing Manifests", `digest`).
  const isUsual = wanted !== undefined || digestAlgorithm(digest) === "sha256";
  const path = `manifests/${wanted ?? tag}`;
  const request = {
    registry,
    repository,
    method: "PUT",
    path: isUsual ? path : `${path}?digest=${digest}`,
    headers: { "content-type": mediaType },
    body: bytes,
    actions: "pull,push",
    subject,
  } as const;
  const response = await withRetries(client, subject, signal, () => put(client, request, manifest, signal));
  checkTaken(response, manifest, subject);
  if (!isUsual && response.headers("docker-content-digest").length === 0)
    await checkKept(client, { ...request, path: `manifests/${digest}` }, digest, signal);
  const said = readReferrer(bytes);
  const refersTo = options.subject ?? (said.subject && parseDigest(said.subject.digest));
  if (refersTo === undefined || response.headers("oci-subject").length > 0) return;
  const artifactType = said.artifactType ?? (isImage(mediaType) ? said.config?.mediaType : undefined);
  const { annotations } = said;
  await addToReferrersTag(
    client,
    { registry, repository, digest: refersTo },
    {
      mediaType,
      digest,
      size: bytes.length,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    signal,
  );
}

/**
 * The specification's answer is 201. Another success is believed only if the registry then has the manifest: it may be
 * of something in between, such as a page that asks for a login.
 */
async function put(
  client: RegistryClient,
  request: RegistryRequest,
  { digest, mediaType }: PushedManifest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await client.send(request, signal);
  await response.discard();
  if (response.status === 201) return response;
  const { registry, repository, subject } = request;
  const [path = ""] = String(request.path).split("?");
  const get = { registry, repository, path, subject, method: "GET", headers: { accept: mediaType } } as const;
  const kept = await boundedBody(await client.send(get, signal), maxDocumentBytes, subject);
  if (digestOf(kept, digestAlgorithm(digest)) === digest) return response;
  throw new RegistryError(
    "REGISTRY_PROTOCOL",
    `${subject}: ${response.url.host} answers ${response.status} and does not have it`,
    "something between here and the registry answers in its place",
    { status: response.status, isTransient: true },
  );
}

/** A registry may keep it under a digest of another algorithm, where nobody who looks for this one finds it. */
function checkTaken(response: HttpResponse, { bytes, digest }: PushedManifest, subject: string): void {
  const [taken] = response.headers("docker-content-digest");
  if (taken === undefined || taken === digest) return;
  const other = isDigest(taken) ? taken : undefined;
  if (other === undefined || digestOf(bytes, digestAlgorithm(other)) !== other)
    throw new RegistryError(
      "REGISTRY_PROTOCOL",
      `${subject}: ${response.url.host} took it for ${JSON.stringify(taken.slice(0, 200))}`,
      "the registry, or a proxy before it, changes what is sent to it",
    );
  throw underAnother(response.url.host, subject, digest, `keeps it as ${other}`);
}

/** Of a registry that does not say under which digest it keeps what it took. */
async function checkKept(
  client: RegistryClient,
  { registry, repository, path, subject }: RegistryRequest,
  digest: Digest,
  signal: AbortSignal,
): Promise<void> {
  const head = { registry, repository, path, subject, method: "HEAD", headers: { accept: "*/*" } } as const;
  try {
    const response = await withRetries(client, subject, signal, () => client.send(head, signal));
    await response.discard();
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === "REGISTRY_NOT_FOUND")) throw error;
    throw underAnother(registry, subject, digest, "does not have it under its digest", error);
  }
}

function underAnother(
  host: string,
  subject: string,
  digest: Digest,
  what: string,
  cause?: unknown,
): RegistryError {
  return new RegistryError(
    "REGISTRY_PROTOCOL",
    `${subject}: ${host} ${what}, not as ${digest}`,
    `it takes no ${digestAlgorithm(digest)} digests by tag: push under the digest alone, or an image with sha256 digests`,
    { cause },
  );
}

function isImage(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest;
}

function checkManifest(
  { bytes, digest, mediaType }: PushedManifest,
  wanted: Digest | undefined,
  subject: string,
): void {
  if (bytes.length > maxDocumentBytes)
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `${subject} has ${bytes.length} bytes, more than ${maxDocumentBytes}`,
      "registries take no manifest of that size",
    );
  const found = digestOf(bytes, digestAlgorithm(digest));
  if (found !== digest)
    throw new ImageSpecError(
      "BLOB_DIGEST",
      `${subject} should have digest ${digest}, its bytes have ${found}`,
      "its source is damaged: make or get it again",
    );
  if (wanted !== undefined && wanted !== digest)
    throw new RegistryError(
      "REGISTRY_OPTIONS",
      `${subject} cannot have the digest ${digest}`,
      "name one digest",
    );
  if (!/^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(mediaType))
    throw new RegistryError(
      "REGISTRY_OPTIONS",
      `${subject}: ${JSON.stringify(mediaType.slice(0, 300))} is no media type`,
      "such as application/vnd.oci.image.manifest.v1+json",
    );
}

function readReferrer(bytes: Uint8Array): z.output<typeof referrerSchema> {
  try {
    return referrerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // Not ours to judge: the registry has taken it.
    return {};
  }
}
