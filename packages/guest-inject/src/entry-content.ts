import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { GuestError } from "./errors.ts";
import type { EntryContent } from "./guest-plan.ts";

/**
 * The bytes of an entry. A file of the host is read now, and must still be what `prepareGuest` found.
 *
 * @throws {GuestError} GUEST_FILE, GUEST_FILE_CHANGED. The signal's reason passes through.
 */
export async function* readContent(
  content: EntryContent,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (content.kind === "bytes") {
    yield content.bytes;
    return;
  }
  const { path, size, sha256 } = content;
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of readHostFile(path, signal)) {
    length += chunk.length;
    // What is too long must not go on: the entry's header has told its size.
    if (length > size) throw changed(path);
    hash.update(chunk);
    yield chunk;
  }
  if (length !== size || hash.digest("hex") !== sha256) throw changed(path);
}

/** @throws {GuestError} GUEST_FILE. The signal's reason passes through. */
export async function* readHostFile(
  path: string | Buffer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 2 ** 18 }))
      yield chunk as Buffer;
  } catch (cause) {
    signal?.throwIfAborted();
    throw unreadable(path, cause);
  }
}

export function unreadable(path: string | Buffer, cause: unknown): GuestError {
  const reason = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new GuestError(
    "GUEST_FILE",
    `${String(path)} cannot be read${reason}`,
    "check the path and its permissions",
    {
      cause,
    },
  );
}

function changed(path: string): GuestError {
  return new GuestError(
    "GUEST_FILE_CHANGED",
    `${path} is not what it was when the guest was prepared`,
    "build again when nothing writes to it",
  );
}
