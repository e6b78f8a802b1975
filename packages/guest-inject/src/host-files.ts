import { createHash } from "node:crypto";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Stats } from "node:fs";
import { byteString, byteStringOf, displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { readHostFile, unreadable } from "./entry-content.ts";
import { GuestError } from "./errors.ts";
import type { InjectedFile } from "./guest-config.ts";
import type { EntryContent, PreparedFile } from "./guest-plan.ts";
import { pathBelow } from "./paths.ts";

/** Smaller files are kept in memory: they are read once, and the plan can look into them. */
const maxKeptBytes = 2 ** 16;
/** A whole home directory by mistake is noticed before it fills a disk. */
const maxFiles = 100_000;

interface HostFile {
  /** As bytes: a name in a directory need not be UTF-8. */
  readonly host: Buffer;
  readonly guest: ByteString;
  readonly asked: InjectedFile;
}

/**
 * What one injection brings: a file, or a directory with all below it in byte order of names. A symlink that is named itself is
 * followed, as `cp` does; those in a directory stay symlinks.
 *
 * @throws {GuestError} GUEST_FILE for what is missing, unreadable, or neither a file, a directory nor a symlink. The signal's
 * reason passes through.
 */
export async function prepareFiles(
  asked: InjectedFile,
  signal: AbortSignal | undefined,
): Promise<PreparedFile[]> {
  const guest = byteString(asked.guest);
  if (asked.host === undefined) {
    const content = { kind: "bytes", bytes: Buffer.from(asked.content ?? "") } as const;
    return [{ ...ownerOf(asked), guest, mode: modeOf(asked) ?? 0o644, content }];
  }
  const host = Buffer.from(asked.host);
  const found = await look(host, stat);
  const named = guest.endsWith("/") && !found.isDirectory() ? byteString(basename(asked.host)) : "";
  const prepared: PreparedFile[] = [];
  const pending: HostFile[] = [{ host, guest: `${guest}${named}` as ByteString, asked }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    signal?.throwIfAborted();
    const stats = next.host === host ? found : await look(next.host, lstat);
    prepared.push(await prepareFile(next, stats, signal));
    if (prepared.length > maxFiles)
      throw fileError(next.host, `is among more than ${maxFiles} files`, "name fewer of them");
    if (stats.isDirectory()) pending.push(...(await filesOf(next)).toReversed());
  }
  return prepared;
}

async function prepareFile(
  { host, guest, asked }: HostFile,
  stats: Stats,
  signal: AbortSignal | undefined,
): Promise<PreparedFile> {
  const mode = stats.mode & 0o7777;
  const base = { ...ownerOf(asked), guest };
  if (stats.isDirectory()) return { ...base, mode, content: { kind: "directory" } };
  if (stats.isSymbolicLink()) {
    const target = byteStringOf(await readlink(host, { encoding: "buffer" }));
    return { ...base, mode: 0o777, content: { kind: "symlink", target } };
  }
  if (!stats.isFile())
    throw fileError(
      host,
      "is neither a file, a directory nor a symlink",
      "leave it out: the guest makes its own",
    );
  return { ...base, mode: modeOf(asked) ?? mode, content: await contentOf(host, signal) };
}

async function contentOf(host: Buffer, signal: AbortSignal | undefined): Promise<EntryContent> {
  const hash = createHash("sha256");
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readHostFile(host, signal)) {
    size += chunk.length;
    hash.update(chunk);
    if (size <= maxKeptBytes) kept.push(chunk);
  }
  if (size <= maxKeptBytes) return { kind: "bytes", bytes: Buffer.concat(kept) };
  const path = host.toString("utf8");
  if (!Buffer.from(path).equals(host)) throw fileError(host, "has a name that is not UTF-8", "rename it");
  return { kind: "host-file", path, size, sha256: hash.digest("hex") };
}

async function filesOf({ host, guest, asked }: HostFile): Promise<HostFile[]> {
  let names: Buffer[];
  try {
    names = await readdir(host, { encoding: "buffer" });
  } catch (cause) {
    throw unreadable(host, cause);
  }
  return names
    .toSorted((a, b) => Buffer.compare(a, b))
    .map((name) => ({
      host: Buffer.concat([host, Buffer.from("/"), name]),
      guest: pathBelow(guest, byteStringOf(name)),
      asked,
    }));
}

async function look(host: Buffer, by: (path: Buffer) => Promise<Stats>): Promise<Stats> {
  try {
    return await by(host);
  } catch (cause) {
    throw unreadable(host, cause);
  }
}

function ownerOf({ uid, gid }: InjectedFile): { readonly uid: number; readonly gid: number } {
  return { uid, gid };
}

function modeOf({ mode }: InjectedFile): number | undefined {
  return mode === undefined ? undefined : Number.parseInt(mode, 8);
}

function fileError(host: Buffer, what: string, hint: string): GuestError {
  return new GuestError("GUEST_FILE", `${displayText(byteStringOf(host))} ${what}`, hint);
}
