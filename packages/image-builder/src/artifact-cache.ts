import { mkdir, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileError, writeDurableFile } from "@bootlayer/durable-file";
import { parseDigest, type Digest } from "@bootlayer/image-spec";
import type { DataRegion } from "@bootlayer/rootfs-tree";
import * as z from "zod";
import type { BuildKey } from "./build-key.ts";
import type { GuestFacts } from "./guest-build.ts";
import { copyDisk } from "./sparse-copy.ts";

/** A finished disk, or initrd, as the cache describes it. */
export interface Artifact {
  readonly key: BuildKey;
  /** Length of the disk in bytes. */
  readonly bytes: number;
  /** All bytes of the disk outside are zero. */
  readonly dataRegions: readonly DataRegion[];
  /** Hex; absent until somebody asked for it. */
  readonly sha256?: string | undefined;
  /** What of the image it does not hold, a sentence each. */
  readonly warnings: readonly string[];
  /** Of the guest that it makes, if it makes one. */
  readonly guest?: GuestFacts | undefined;
  /** Digest of the manifest that it was made from; absent in what older versions kept. */
  readonly manifest?: Digest | undefined;
}

export const guestSchema: z.ZodType<GuestFacts> = z.strictObject({
  initSystem: z.enum(["bootlayer", "systemd", "openrc"]),
  kernelArguments: z.array(z.string()),
  warnings: z.array(z.string()),
  ports: z.array(z.strictObject({ port: z.int(), protocol: z.enum(["tcp", "udp", "sctp"]) })),
  labels: z.record(z.string(), z.string()),
});

const descriptionSchema = z.strictObject({
  bytes: z.int().positive(),
  dataRegions: z.array(z.tuple([z.int().nonnegative(), z.int().positive()])),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  warnings: z.array(z.string()).default([]),
  guest: guestSchema.optional(),
  manifest: z
    .string()
    .transform((text) => parseDigest(text))
    .optional()
    .catch(undefined),
});

/**
 * Finished disks by build key, in a store beside its blobs: `KEY.disk` and then `KEY.json`, each whole or absent. The description comes last, so that its presence vouches for the disk.
 */
export function artifactPath(storeDirectory: string, key: BuildKey, part: "disk" | "json"): string {
  return join(artifactDirectory(storeDirectory), `${key}.${part}`);
}

export function artifactDirectory(storeDirectory: string): string {
  return join(storeDirectory, ".bootlayer", "artifacts");
}

/** The disk of a key, if the cache has it whole. What is damaged counts as absent and is replaced by the next build. */
export async function findArtifact(storeDirectory: string, key: BuildKey): Promise<Artifact | undefined> {
  const text = await readFile(artifactPath(storeDirectory, key, "json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { success, data } = descriptionSchema.safeParse(parseJson(text));
  const disk = await stat(artifactPath(storeDirectory, key, "disk")).catch(() => undefined);
  if (!success || disk?.size !== data.bytes) return undefined;
  const dataRegions = data.dataRegions.map(([offset, length]) => ({ offset, length }));
  return {
    key,
    bytes: data.bytes,
    dataRegions,
    sha256: data.sha256,
    warnings: data.warnings,
    guest: data.guest,
    manifest: data.manifest,
  };
}

/** Says that it was used now, which keeps it from being swept for a while; of a store that is read-only nothing is. */
export async function touchArtifact(storeDirectory: string, key: BuildKey): Promise<void> {
  const now = new Date();
  await utimes(artifactPath(storeDirectory, key, "json"), now, now).catch(() => {});
}

/** The manifest that an artifact was made from, if its description is there and says so. */
export async function manifestOfArtifact(storeDirectory: string, key: string): Promise<Digest | undefined> {
  const path = join(artifactDirectory(storeDirectory), `${key}.json`);
  const text = await readFile(path, "utf8").catch(() => "");
  return descriptionSchema.safeParse(parseJson(text)).data?.manifest;
}

/** Keeps a copy of the disk at `path`. @throws {DurableFileError} */
export async function keepArtifact(
  storeDirectory: string,
  artifact: Artifact,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(artifactDirectory(storeDirectory), { recursive: true }).catch((cause: unknown) => {
    throw fileError(`create ${artifactDirectory(storeDirectory)}`, cause);
  });
  await copyDisk(path, artifactPath(storeDirectory, artifact.key, "disk"), artifact, signal);
  await describeArtifact(storeDirectory, artifact);
}

/** Writes or rewrites the description of a disk that the cache holds. @throws {DurableFileError} */
export async function describeArtifact(
  storeDirectory: string,
  { key, bytes, dataRegions, sha256, warnings, guest, manifest }: Artifact,
): Promise<void> {
  const description: z.input<typeof descriptionSchema> = {
    bytes,
    dataRegions: dataRegions.map(({ offset, length }) => [offset, length]),
    sha256,
    warnings: [...warnings],
    guest,
    manifest,
  };
  await writeDurableFile(artifactPath(storeDirectory, key, "json"), JSON.stringify(description));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
