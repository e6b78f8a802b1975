import { digestOfStream, type Digest } from "@bootlayer/image-spec";
import { byteString, bytesOf, displayText, type ByteString, type Timestamp } from "@bootlayer/rootfs-tree";
import type { Pack } from "tar-stream";
import { readContent } from "./entry-content.ts";
import { GuestError } from "./errors.ts";
import type { EntryContent, GuestPlan, InjectedEntry } from "./guest-plan.ts";

/** The layer that goes on top of an image's own, as a source of layers has it. */
export interface GuestLayer {
  readonly mediaType: "application/vnd.oci.image.layer.v1.tar";
  /** Of the archive, which is not compressed: both the descriptor's digest and the diff ID. */
  readonly digest: Digest;
  /** Length of the archive in bytes. */
  readonly size: number;
  /** The archive from its first byte. Files of the host are read and checked on the way: GUEST_FILE, GUEST_FILE_CHANGED. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * The layer of a plan that was made with `as: "layer"`, as a tar archive (image-spec layer.md). The same plan and time give the
 * same bytes.
 *
 * @throws {GuestError} GUEST_FILE for a name or a link's target that is not UTF-8, which tar's extended headers are;
 * GUEST_FILE_CHANGED. The signal's reason passes through.
 */
export async function guestLayer(
  plan: GuestPlan,
  mtime: Timestamp,
  signal?: AbortSignal,
): Promise<GuestLayer> {
  return {
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    ...(await digestOfStream(tarArchive(plan.entries, mtime, signal))),
    open: (signal) => tarArchive(plan.entries, mtime, signal),
  };
}

async function* tarArchive(
  entries: readonly InjectedEntry[],
  mtime: Timestamp,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  const chunks = (archive as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const written = writeEntries(archive, entries, mtime, signal).catch((cause: unknown) => {
    archive.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    throw cause;
  });
  // Whoever stops reading ends the writer; what it then throws is nobody's.
  written.catch(() => {});
  try {
    // By hand, since leaving a `for await` waits for a close that an entry half written may never let come.
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    await written;
  } finally {
    archive.destroy();
  }
}

async function writeEntries(
  archive: Pack,
  entries: readonly InjectedEntry[],
  mtime: Timestamp,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const entry of entries) {
    signal?.throwIfAborted();
    const header = tarHeader(entry, mtime);
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    const sink = archive.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
    // The entry's callback tells of a failure too; an event that nobody listens to would end the process.
    sink.on("error", () => {});
    await Promise.all([ended, entry.kind === "file" ? writeContent(sink, entry.content, signal) : undefined]);
  }
  archive.finalize();
}

async function writeContent(
  sink: Sink,
  content: EntryContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const chunk of readContent(content, signal)) {
    if (sink.destroyed) return;
    if (!sink.write(chunk)) await drained(sink);
  }
  sink.end(null);
}

/** Until it takes more, or takes nothing any more. */
async function drained(sink: Sink): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      sink.off("drain", done).off("close", done);
      resolve();
    };
    sink.on("drain", done).on("close", done);
  });
}

type Sink = ReturnType<Pack["entry"]>;
type TarHeader = Parameters<Pack["entry"]>[0];

/** Octal digits of the old header hold so much in tar-stream, which would write a larger number wrong. */
const maxOctalOwner = 0o777_777;
const maxOctalSeconds = 2 ** 31 - 1;
/** A mode of 0 means "the usual one" to tar-stream, which keeps these 12 bits: so one more bit says that it is meant. */
const modeIsMeant = 0o100_000;

function tarHeader(entry: InjectedEntry, mtime: Timestamp): TarHeader {
  const pax = {
    ...(entry.uid > maxOctalOwner && { uid: String(entry.uid) }),
    ...(entry.gid > maxOctalOwner && { gid: String(entry.gid) }),
    ...paxTime(mtime),
  };
  const base = {
    name: utf8(entry.path, entry.path),
    mode: entry.mode | modeIsMeant,
    uid: Math.min(entry.uid, maxOctalOwner),
    gid: Math.min(entry.gid, maxOctalOwner),
    mtime: new Date(Math.min(Math.max(mtime.seconds, 0), maxOctalSeconds) * 1000),
    ...(Object.keys(pax).length > 0 && { pax }),
  };
  switch (entry.kind) {
    case "directory":
      return { ...base, type: "directory" };
    case "symlink":
      return { ...base, type: "symlink", linkname: utf8(entry.target, entry.path) };
    case "file":
      return { ...base, type: "file", size: contentSize(entry.content) };
  }
}

function paxTime({ seconds, nanoseconds }: Timestamp): { readonly mtime?: string } {
  if (nanoseconds === 0 && seconds >= 0 && seconds <= maxOctalSeconds) return {};
  // The fraction counts forward, and a decimal number does not: -1.5 s is -2 s and half a second.
  const isBefore = seconds < 0 && nanoseconds > 0;
  const whole = isBefore ? seconds + 1 : seconds;
  const fraction = isBefore ? 1e9 - nanoseconds : nanoseconds;
  const sign = seconds < 0 ? "-" : "";
  return { mtime: `${sign}${Math.abs(whole)}.${String(fraction).padStart(9, "0")}` };
}

function contentSize(content: EntryContent): number {
  return content.kind === "bytes" ? content.bytes.length : content.size;
}

/** Tar-stream takes names as text. */
function utf8(name: ByteString, path: ByteString): string {
  const text = Buffer.from(bytesOf(name)).toString("utf8");
  if (byteString(text) === name) return text;
  throw new GuestError(
    "GUEST_FILE",
    `/${displayText(path)} cannot be put in: a name on its way, or its target, is not UTF-8`,
    "rename it",
  );
}
