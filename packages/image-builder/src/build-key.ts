import { createHash } from "node:crypto";
import type { Digest } from "@bootlayer/image-spec";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import type { DiskOptions } from "./disk-options.ts";
import { compressorVersion } from "@bootlayer/squashfs-writer";
import { version } from "./version.ts";

/** Names everything that decides an image's bytes: equal keys, equal images. 64 lowercase hex digits. */
declare const buildKeyBrand: unique symbol;
export type BuildKey = string & { readonly [buildKeyBrand]: true };

/** What goes into a key. Two sources with the same manifest digest are the same image. */
export interface BuildIdentity {
  readonly manifestDigest: Digest;
  readonly disk: DiskOptions;
  readonly time: Timestamp;
  /** The identity of the guest whose layer is on top. */
  readonly guest?: string | undefined;
}

export function buildKey({ manifestDigest, disk, time, guest }: BuildIdentity): BuildKey {
  const identity = JSON.stringify([
    "bootlayer",
    version,
    manifestDigest,
    Object.entries(disk).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    time.seconds,
    time.nanoseconds,
    // Another version of a compressor may make other bytes of the same blocks.
    ...(disk.format === "squashfs" ? [compressorVersion(disk.compression)] : []),
    ...(guest === undefined ? [] : [guest]),
  ]);
  return createHash("sha256").update(identity).digest("hex") as BuildKey;
}

/** The key of an initrd that starts a disk: the disk decides the image, the time and the UUID that it looks for. */
export function initrdKey(disk: BuildKey, guest: string): BuildKey {
  const identity = JSON.stringify(["bootlayer-initrd", version, disk, guest]);
  return createHash("sha256").update(identity).digest("hex") as BuildKey;
}

/** A UUID of version 8 (RFC 9562, section 5.8) that depends on the key and its use alone. */
export function derivedUuid(key: BuildKey, use: "file-system" | "directory-hash-seed"): string {
  const bytes = createHash("sha256").update(`${use}:${key}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
