/**
 * A finished disk in a registry: an OCI artifact (image-spec manifest.md, "Guidelines for Artifact Usage") that refers to
 * the image that it was made from.
 *
 *     manifest  artifactType application/vnd.bootlayer.disk.v1, subject: the image's manifest
 *       config  what the disk is, as JSON
 *       layer   the disk, as one zstd frame
 *
 * zstd, because a run of zeros, which most of an ext4 disk is, costs it 4 bytes for each 128 KiB, because it expands faster
 * than disks write, and because Node and every distribution have it: `oras pull` and `zstd -d --sparse` make the disk too.
 */
import { descriptorSchema, type Descriptor } from "@bootlayer/image-spec";
import * as z from "zod";
import { guestSchema } from "../artifact-cache.ts";
import type { BuildResult } from "../build.ts";
import type { DiskOptions } from "../disk-options.ts";
import type { GuestFacts } from "../guest-build.ts";

export const diskArtifactType = "application/vnd.bootlayer.disk.v1";
export const diskConfigType = "application/vnd.bootlayer.disk.config.v1+json";

/** Of the layer: what the disk is, and how it is wrapped. */
export function diskLayerType(format: DiskOptions["format"]): string {
  return `application/vnd.bootlayer.disk.v1.${format}+zstd`;
}

/** On the manifest: a list of referrers repeats them, so that a disk can be chosen without asking for each. */
export const diskAnnotations = {
  format: "org.bootlayer.disk.format",
  key: "org.bootlayer.disk.key",
} as const;

/** What a disk is, beside its bytes. */
export interface DiskDescription {
  readonly format: DiskOptions["format"];
  /** Length of the disk, holes included. */
  readonly bytes: number;
  /** Names all that decided its bytes; equal keys are equal disks. Whoever pushed it says so. */
  readonly key: string;
  /** The image's manifest. */
  readonly manifest: Descriptor;
  readonly platform: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string | undefined;
  };
  /** What of the image it does not hold, a sentence each. */
  readonly warnings: readonly string[];
  /** Of the machine that it is; absent where it holds the image alone. */
  readonly guest?: GuestFacts | undefined;
}

/** The same with what is only known of the bytes as they are sent. */
export interface SealedDiskDescription extends DiskDescription {
  /** Hex, of the disk, holes included. */
  readonly sha256: string;
}

/** The config of a disk's artifact. */
export const diskConfigSchema: z.ZodType<SealedDiskDescription> = z.object({
  format: z.enum(["ext4", "squashfs"]),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  manifest: descriptorSchema,
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }),
  warnings: z.array(z.string()).default([]),
  guest: guestSchema.optional(),
});

/** What a build told of its disk. */
export interface DescribedBuild extends Pick<
  BuildResult,
  "format" | "bytes" | "manifest" | "platform" | "warnings" | "guest"
> {
  readonly key: string;
}

/** Of a disk that was built. */
export function describeDisk({
  format,
  bytes,
  key,
  manifest,
  platform: { os, architecture, variant },
  warnings,
  guest,
}: DescribedBuild): DiskDescription {
  const facts = guest && {
    initSystem: guest.initSystem,
    kernelArguments: guest.kernelArguments,
    warnings: guest.warnings,
    ports: guest.ports,
    labels: guest.labels,
  };
  return {
    format,
    bytes,
    key,
    manifest,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    warnings,
    ...(facts === undefined ? {} : { guest: facts }),
  };
}
