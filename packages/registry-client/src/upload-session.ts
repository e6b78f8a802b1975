import type { Digest } from "@bootlayer/image-spec";
import type { RegistryClient, RegistryRequest } from "./client.ts";
import { RegistryError } from "./errors.ts";
import type { HttpResponse } from "./transport.ts";

/** An upload that a registry has begun (distribution-spec "Pushing blobs"). */
export interface UploadSession {
  /** Where the next request of the upload goes: the registry gives another one in each answer. */
  readonly location: URL;
  /** How many bytes it has. */
  readonly offset: number;
  /** Chunks but the last have at least so many bytes (`OCI-Chunk-Min-Length`). */
  readonly minChunkBytes: number;
}

export type UploadTarget = Pick<RegistryRequest, "registry" | "repository" | "subject">;

/** How long a registry may take to drop an upload that has failed already. */
const cancelMilliseconds = 5000;

export async function beginUpload(
  client: RegistryClient,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<UploadSession> {
  const response = await client.send(uploadRequest(target, "POST", "blobs/uploads/"), signal);
  await response.discard();
  return begun(response, target);
}

/** Asks for a blob of another repository. The registry mounts it, which is "mounted", or begins an upload instead. */
export async function mountBlob(
  client: RegistryClient,
  target: UploadTarget,
  { digest, from }: { readonly digest: Digest; readonly from: string },
  signal: AbortSignal,
): Promise<"mounted" | UploadSession> {
  const query = `mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  const request = uploadRequest(target, "POST", `blobs/uploads/?${query}`);
  const furtherScopes = [`repository:${from}:pull`];
  const response = await client.send({ ...request, furtherScopes }, signal);
  await response.discard();
  return response.status === 201 ? "mounted" : begun(response, target);
}

function begun(response: HttpResponse, target: UploadTarget): UploadSession {
  return sessionOf(response, target, { offset: 0, minChunkBytes: minChunkBytes(response) });
}

/** Asks how much of a broken upload has arrived; undefined if it cannot be gone on with. */
export async function askUpload(
  client: RegistryClient,
  target: UploadTarget,
  session: UploadSession,
  signal: AbortSignal,
): Promise<UploadSession | undefined> {
  try {
    const response = await client.send(uploadRequest(target, "GET", session.location), signal);
    await response.discard();
    const offset = receivedBytes(response);
    return offset === undefined ? undefined : sessionOf(response, target, { ...session, offset });
  } catch (error) {
    if (error instanceof RegistryError && error.status !== undefined && !error.isTransient) return undefined;
    throw error;
  }
}

/** What follows from the answer to a chunk that ended at `sent`. */
export function sessionAfterChunk(
  response: HttpResponse,
  target: UploadTarget,
  session: UploadSession,
  sent: number,
): UploadSession {
  return sessionOf(response, target, { ...session, offset: receivedBytes(response) ?? sent });
}

/** Tells the registry that nothing more will come. What it answers does not matter. */
export async function cancelUpload(
  client: RegistryClient,
  target: UploadTarget,
  { location }: UploadSession,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelMilliseconds);
    const response = await client.send(uploadRequest(target, "DELETE", location), signal);
    await response.discard();
  } catch {
    // The registry forgets it in its own time, then.
  }
}

export function uploadRequest(
  { registry, repository, subject }: UploadTarget,
  method: RegistryRequest["method"],
  path: string | URL,
): RegistryRequest {
  const headers = {};
  return { registry, repository, subject, method, path, headers, actions: "pull,push", isUncounted: true };
}

/** The URL that ends the upload. Its query is kept as it is: it may be signed. */
export function closingUrl({ location }: UploadSession, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

function sessionOf(
  response: HttpResponse,
  { subject }: UploadTarget,
  { location: last, offset, minChunkBytes }: Omit<UploadSession, "location"> & { readonly location?: URL },
): UploadSession {
  const [given] = response.headers("location");
  const location = given === undefined ? last : (URL.parse(given, response.url.href) ?? undefined);
  if (!location || location.username !== "" || location.password !== "")
    throw new RegistryError(
      "REGISTRY_PROTOCOL",
      `${subject}: ${response.url.host} answers ${response.status} to an upload without saying where it goes on`,
      "the registry, or a proxy before it, is not set up well",
    );
  return { location, offset, minChunkBytes };
}

/** `Range: 0-<last byte>`; registries say `0-0` of an upload that has nothing yet. */
function receivedBytes(response: HttpResponse): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(response.headers("range")[0]?.trim() ?? "") ?? [];
  if (last === undefined) return undefined;
  return last === "0" ? 0 : Number(last) + 1;
}

function minChunkBytes(response: HttpResponse): number {
  const [text = ""] = response.headers("oci-chunk-min-length");
  return /^\d{1,12}$/.test(text) ? Number(text) : 0;
}
