import type { BootlayerClient } from "./client.ts";
import { ClientError } from "./errors.ts";

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** From `start` on, up to but not including `end`: to go on where a download was cut. */
  readonly range?: { readonly start: number; readonly end?: number | undefined } | undefined;
  /** Of the disk that the range is of; another one is refused. */
  readonly sha256?: string | undefined;
}

export interface DownloadedImage {
  /** The disk's bytes, or those of the range. It ends in an error where fewer or more come than were announced. */
  readonly body: ReadableStream<Uint8Array>;
  /** Length of the whole disk; undefined where it is sent compressed. */
  readonly bytes: number | undefined;
  /** Hex, of the whole disk. */
  readonly sha256: string;
  readonly fileName: string;
}

/**
 * The disk of a build that is ready.
 *
 * @throws {ClientError} CLIENT_REFUSED: it is not ready, is gone, is another than `sha256` says, or has no such range.
 */
export async function downloadImage(
  client: BootlayerClient,
  id: string,
  { signal, range, sha256 }: DownloadOptions = {},
): Promise<DownloadedImage> {
  const { data, response } = await client.GET("/v1/builds/{id}/image", {
    params: { path: { id } },
    headers: {
      ...(range && { range: `bytes=${range.start}-${range.end === undefined ? "" : range.end - 1}` }),
      ...(sha256 === undefined ? {} : { "if-match": `"${sha256}"` }),
    },
    parseAs: "stream",
    ...(signal && { signal }),
  });
  const { headers, status } = response;
  const found = /^"([0-9a-f]{64})(?:-zstd)?"$/.exec(headers.get("etag") ?? "")?.[1];
  if (!data || found === undefined || (range !== undefined && status !== 206))
    throw new ClientError(
      "CLIENT_PROTOCOL",
      `the server sends no disk for ${id}`,
      "see what is between it and this machine",
      {
        status,
      },
    );
  const isCoded = headers.get("content-encoding") !== null;
  const length = isCoded ? undefined : Number(headers.get("content-length") ?? Number.NaN);
  const total = Number(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? length);
  return {
    body: length === undefined || Number.isNaN(length) ? data : data.pipeThrough(ofLength(length)),
    bytes: Number.isNaN(total) ? undefined : total,
    sha256: found,
    fileName: /filename="([^"]+)"/.exec(headers.get("content-disposition") ?? "")?.[1] ?? `${id}.disk`,
  };
}

/** Some fetches end quietly where a connection was cut. */
function ofLength(length: number): TransformStream<Uint8Array, Uint8Array> {
  let received = 0;
  return new TransformStream({
    transform(chunk, controller) {
      received += chunk.length;
      controller.enqueue(chunk);
    },
    flush(controller) {
      if (received === length) return;
      const message = `the download ended at ${received} of ${length} bytes`;
      controller.error(new ClientError("CLIENT_PROTOCOL", message, "go on with a range"));
    },
  });
}
