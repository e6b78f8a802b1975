import { createGzip } from "node:zlib";
import { Readable } from "node:stream";
import { byteString, bytesOf, splitPath, type ByteString, type Timestamp } from "@bootlayer/rootfs-tree";
import { cpioHeader, cpioPadding, cpioTrailer, type CpioEntry } from "./cpio.ts";
import { encodeInitConf } from "./encode-init-conf.ts";
import { readContent } from "./entry-content.ts";
import { GuestError } from "./errors.ts";
import type { EntryContent, GuestPlan, InjectedEntry } from "./guest-plan.ts";
import type { InitConf } from "./init-conf.ts";
import { guestPaths } from "./paths.ts";

export interface InitrdOptions {
  /** What the init mounts and goes on in: `device` is a path, `UUID=…`, `LABEL=…`, or `TYPE=squashfs`: the first such disk. */
  readonly root: NonNullable<InitConf["root"]>;
  readonly mtime: Timestamp;
  /** Default: none. A kernel that takes an initrd takes one that is not compressed; not each one knows gzip. */
  readonly compression?: "none" | "gzip" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a member of the archive holds: known bytes, or none. */
interface Member {
  readonly entry: CpioEntry;
  readonly content: EntryContent | undefined;
}

const directoryType = 0o040_000;
const fileType = 0o100_000;
const symlinkType = 0o120_000;
const characterDeviceType = 0o020_000;

/**
 * The initrd of a plan that was made with `as: "initrd"`: a cpio archive with our init, its configuration and modules, which goes on
 * in the root. The same plan and options give the same bytes (compressed ones with the same version of Node).
 *
 * @throws {GuestError} GUEST_CONFIG for a plan of a layer; GUEST_FILE. The signal's reason passes through.
 */
export function guestInitrd(plan: GuestPlan, options: InitrdOptions): AsyncIterable<Uint8Array> {
  if (plan.as !== "initrd")
    throw new GuestError(
      "GUEST_CONFIG",
      "the guest was planned as a layer, not as an initrd",
      'plan it with as: "initrd"',
    );
  const archive = cpioArchive(members(plan, options.root), options);
  return options.compression === "gzip" ? gzip(archive) : archive;
}

function* members({ conf, entries }: GuestPlan, root: InitrdOptions["root"]): Generator<Member> {
  const confBytes = encodeInitConf({ ...conf, root });
  const all: readonly InjectedEntry[] = [
    ...entries,
    {
      kind: "file",
      path: byteString(guestPaths.conf.slice(1)),
      mode: 0o600,
      uid: 0,
      gid: 0,
      content: { kind: "bytes", bytes: confBytes },
    },
  ];
  const made = new Set<string>();
  yield directory(byteString("dev"), made);
  // The kernel opens it as standard input and outputs of /init, before anyone can mount /dev.
  const console = {
    mode: characterDeviceType | 0o600,
    uid: 0,
    gid: 0,
    size: 0,
    device: { major: 5, minor: 1 },
  };
  yield { entry: { path: byteString("dev/console"), ...console }, content: undefined };
  for (const entry of all) {
    const names = splitPath(entry.path);
    for (let depth = 1; depth < names.length; depth++) {
      const path = names.slice(0, depth).join("/") as ByteString;
      if (!made.has(path)) yield directory(path, made);
    }
    yield memberOf(entry);
  }
}

function directory(path: ByteString, made: Set<string>): Member {
  made.add(path);
  return { entry: { path, mode: directoryType | 0o755, uid: 0, gid: 0, size: 0 }, content: undefined };
}

function memberOf(entry: InjectedEntry): Member {
  const { path, mode, uid, gid } = entry;
  switch (entry.kind) {
    case "directory":
      return { entry: { path, mode: directoryType | mode, uid, gid, size: 0 }, content: undefined };
    case "symlink": {
      const bytes = bytesOf(entry.target);
      const member = { path, mode: symlinkType | mode, uid, gid, size: bytes.length };
      return { entry: member, content: { kind: "bytes", bytes } };
    }
    case "file": {
      const { content } = entry;
      const size = content.kind === "bytes" ? content.bytes.length : content.size;
      return { entry: { path, mode: fileType | mode, uid, gid, size }, content };
    }
  }
}

async function* cpioArchive(
  all: Iterable<Member>,
  { mtime, signal }: InitrdOptions,
): AsyncGenerator<Uint8Array> {
  let inode = 0;
  for (const { entry, content } of all) {
    signal?.throwIfAborted();
    yield cpioHeader(entry, ++inode, mtime);
    if (content === undefined) continue;
    yield* readContent(content, signal);
    yield Buffer.alloc(cpioPadding(entry.size));
  }
  yield cpioTrailer();
}

/** Byte 9 of gzip's header names the system that packed it (RFC 1952, section 2.3.1): "unknown" is the same everywhere. */
async function* gzip(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const packed: AsyncIterable<Buffer> = Readable.from(archive).compose(createGzip({ level: 9 }));
  let position = 0;
  for await (const chunk of packed) {
    if (position <= 9 && position + chunk.length > 9) chunk[9 - position] = 0xff;
    position += chunk.length;
    yield chunk;
  }
}
