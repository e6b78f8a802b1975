import { ImageSpecError, type Descriptor } from "@bootlayer/image-spec";
import { splitBytes, type RangeAnswer } from "./byte-ranges.ts";
import type { RegistryClient, RegistryRequest } from "./client.ts";
import { parseContentRange } from "./content-range.ts";
import { RegistryError } from "./errors.ts";
import type { Reference } from "./reference.ts";
import type { HttpResponse } from "./transport.ts";

export interface FetchBlobOptions {
  /** Bytes that the caller has already. */
  readonly offset?: number;
  readonly signal: AbortSignal;
}

/** When a server ignores a range, this many bytes are read again and thrown away rather than failing. */
const maxDiscardedBytes = 2 ** 20;
/** A download that got on by this much before it broke is not one that fails again and again. */
const progressBytes = 64 * 1024;
/** Blobs below this are never fetched by several ranges at once, and a stream is judged slow or not after a quarter of it. */
const leastSplitBytes = 32 * 2 ** 20;
/** Of a range of a blob that is fetched by several. */
const rangeBytes = 4 * 2 ** 20;
/** Of a descriptor's `urls`, as many are tried. */
const maxUrls = 8;

/**
 * A blob's bytes from `offset` on (distribution-spec "Pulling blobs"). A connection that breaks or stalls is taken up
 * where it ended, with a range of the same blob at the registry's own URL, since those of storage expire. A large blob that comes slowly is fetched by several ranges at once, where the host proves to know
 * them (`parallelRanges`); if one of them fails, it goes on by one stream, and so do all further blobs of that registry.
 *
 * A chunk's memory is used again when the next one is asked for: what is kept has to be copied.
 *
 * The end is reached only after exactly `descriptor.size - offset` bytes. Whether they are the right ones is not
 * checked here: the digest is proved once, where the bytes go (`verifyBlob`, or a store's ingest). A mismatch after a
 * `blob-resumed` event deserves one more download from the start.
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_RANGE where a server cannot go on from the middle.
 * @throws {ImageSpecError} BLOB_SIZE where it has another length for the blob.
 */
export async function* fetchBlob(
  client: RegistryClient,
  reference: Pick<Reference, "registry" | "repository">,
  descriptor: Pick<Descriptor, "digest" | "size" | "urls">,
  { offset = 0, signal }: FetchBlobOptions,
): AsyncGenerator<Uint8Array> {
  const { digest, size } = descriptor;
  const subject = `blob ${digest} of ${reference.registry}/${reference.repository}`;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > size)
    throw new RegistryError("REGISTRY_OPTIONS", `${subject} has no offset ${offset}`, `it has ${size} bytes`);
  let position = offset;
  let brokeAt = offset;
  let failures = 0;
  let isSplit = false;

  async function open(first: number, end: number | undefined, within: AbortSignal): Promise<RangeAnswer> {
    return rangeOf(client, reference, descriptor, { subject, first, end, signal: within });
  }
  function bytes(): AsyncIterable<Uint8Array> {
    const { ranges, slowBytesPerSecond } = client.parallelRanges(reference.registry);
    if (ranges < 2 || size - position < leastSplitBytes) return wholeBody(open(position, undefined, signal));
    return splitBytes(
      open,
      position,
      {
        size,
        ranges,
        rangeBytes,
        slowBytesPerSecond,
        judgedBytes: leastSplitBytes / 4,
        onUnproven: () => client.keepToOneStream(reference.registry),
        onSplit: () => (isSplit = true),
      },
      signal,
    );
  }

  while (position < size) {
    try {
      for await (const chunk of bytes()) {
        position += chunk.length;
        client.emit({ kind: "blob-bytes", digest, bytes: position, totalBytes: size });
        yield chunk;
      }
    } catch (error) {
      if (isSplit) {
        signal.throwIfAborted();
        isSplit = false;
        client.keepToOneStream(reference.registry);
        client.emit({ kind: "blob-resumed", digest, bytes: position, totalBytes: size });
        continue;
      }
      failures = position - brokeAt >= progressBytes ? 1 : failures + 1;
      brokeAt = position;
      await client.pause(error, failures, subject, signal);
      if (position > 0) client.emit({ kind: "blob-resumed", digest, bytes: position, totalBytes: size });
    }
  }
}

async function* wholeBody(answer: Promise<RangeAnswer>): AsyncGenerator<Uint8Array> {
  yield* (await answer).body;
}

interface WantedRange {
  readonly subject: string;
  readonly first: number;
  /** Behind the last byte; absent for the blob's end. */
  readonly end: number | undefined;
  readonly signal: AbortSignal;
}

/** One request: everything from `first` to `end`, or an error. */
async function rangeOf(
  client: RegistryClient,
  { registry, repository }: Pick<Reference, "registry" | "repository">,
  { digest, size, urls }: Pick<Descriptor, "digest" | "size" | "urls">,
  { subject, first, end: wantedEnd, signal }: WantedRange,
): Promise<RangeAnswer> {
  const end = wantedEnd ?? size;
  const isAsked = first > 0 || wantedEnd !== undefined;
  const range = isAsked ? { range: `bytes=${first}-${wantedEnd === undefined ? "" : end - 1}` } : {};
  // Compressed once more on the way, neither the length nor a range would mean the blob's bytes.
  const headers = { "accept-encoding": "identity", ...range };
  const path = `blobs/${digest}`;
  const request = { registry, repository, method: "GET", path, headers, subject } as const;
  const response = await sendToAny(client, request, urls ?? [], signal);
  const start = startOf(response, { first, end }, size);
  const fault =
    start === undefined ? wrongRange(response, subject, first) : lengthFault(response, end - start, subject);
  if (start === undefined || fault) {
    await response.discard();
    throw fault;
  }
  return {
    etag: response.headers("etag")[0],
    body: exactly(response, { subject, start, first, end, size }),
  };
}

/** The bytes from `first` to `end` of a body that begins at `start`. */
async function* exactly(
  response: HttpResponse,
  {
    subject,
    start,
    first,
    end,
    size,
  }: Readonly<Record<"start" | "first" | "end" | "size", number>> & { subject: string },
): AsyncGenerator<Uint8Array> {
  let received = start;
  for await (const chunk of response.body) {
    const before = received;
    received += chunk.length;
    if (received > end) throw sizeFault(subject, size, "more");
    if (received > first) yield before < first ? chunk.subarray(first - before) : chunk;
  }
  if (received < end)
    throw new RegistryError(
      "REGISTRY_INTERRUPTED",
      `${subject}: ${response.url.host} ended it at ${received} of ${end} bytes`,
      "try again",
      { isTransient: true },
    );
}

/** At which byte the answer starts; undefined if at none that is of use. */
function startOf(
  response: HttpResponse,
  { first, end }: Pick<WantedRange, "first"> & { readonly end: number },
  size: number,
): number | undefined {
  if (response.status === 200) return end === size && first <= maxDiscardedBytes ? 0 : undefined;
  const given = parseContentRange(response.headers("content-range")[0]);
  const isRight = given?.first === first && given.last === end - 1 && given.total === size;
  const isAsked = first > 0 || end < size;
  return response.status === 206 && isAsked && isRight ? first : undefined;
}

/** The registry first; then, for a layer that it may not distribute, the places that its descriptor names. */
async function sendToAny(
  client: RegistryClient,
  request: RegistryRequest,
  urls: readonly string[],
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { registry, headers, subject } = request;
  try {
    return await client.send(request, signal);
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === "REGISTRY_NOT_FOUND")) throw error;
    for (const text of urls.slice(0, maxUrls)) {
      const url = URL.parse(text);
      if (!url) continue;
      try {
        return await client.sendElsewhere({ registry, url, headers, subject }, signal);
      } catch {
        signal.throwIfAborted();
      }
    }
    throw error;
  }
}

function wrongRange(
  { status, headers, url }: HttpResponse,
  subject: string,
  position: number,
): RegistryError {
  const given = headers("content-range")[0]?.slice(0, 100) ?? "no Content-Range";
  return new RegistryError(
    "REGISTRY_RANGE",
    `${subject}: asked to go on at byte ${position}, ${url.host} answers ${status} with ${given}`,
    "this registry cannot resume: start again from the first byte",
  );
}

function lengthFault(response: HttpResponse, expected: number, subject: string): ImageSpecError | undefined {
  const [length] = response.headers("content-length");
  if (length === undefined || Number(length) === expected) return undefined;
  return sizeFault(subject, expected, `${length} bytes`);
}

function sizeFault(subject: string, expected: number, found: string): ImageSpecError {
  return new ImageSpecError(
    "BLOB_SIZE",
    `${subject} should have ${expected} bytes, the registry sends ${found}`,
    "its source is damaged or lies: get the image again",
  );
}
