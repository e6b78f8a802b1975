import * as z from "zod";
import { guestRequestSchema, type GuestRequestBody } from "./guest-request.ts";

export interface BuildRequestBody {
  readonly source: string;
  readonly platform?: string | undefined;
  readonly format: "ext4" | "squashfs";
  readonly size?: string | undefined;
  readonly compression?: string | undefined;
  readonly blockSize?: number | undefined;
  readonly guest?: GuestRequestBody | undefined;
  readonly sourceDateEpoch?: number | undefined;
}

/** As a client writes it. */
export interface BuildRequestInput extends Omit<BuildRequestBody, "format"> {
  readonly format?: "ext4" | "squashfs" | undefined;
}

/**
 * The body of `POST /v1/builds`. Disk and guest options are checked by image-builder, whose words they are; here only their shape and
 * size. Files of the server's machine cannot be named: sources are references in registries, or images that were pushed here.
 */
export const buildRequestSchema: z.ZodType<BuildRequestBody, BuildRequestInput> = z
  .strictObject({
    source: z.string().min(1).max(1024).meta({ example: "docker.io/library/alpine:3.22" }),
    platform: z.string().max(64).optional().meta({ example: "linux/amd64" }),
    format: z.enum(["ext4", "squashfs"]).default("ext4"),
    /** As the CLI's --size: `auto`, `+512MiB`, `2GiB`. ext4 alone. */
    size: z.string().max(64).optional().meta({ example: "+512MiB" }),
    /** As the CLI's --compression: `zstd:15`. squashfs alone. */
    compression: z.string().max(32).optional().meta({ example: "zstd:15" }),
    /** Bytes. squashfs alone. */
    blockSize: z.int().positive().optional(),
    /** The machine that the disk becomes; absent: the image alone. */
    guest: guestRequestSchema.optional(),
    /** SOURCE_DATE_EPOCH: seconds since 1970 that the file system carries as its time. */
    sourceDateEpoch: z.int().nonnegative().optional(),
  })
  .meta({ id: "BuildRequest" });
