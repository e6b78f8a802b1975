import * as z from "zod";
import { digestSchema } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { check, parseJson } from "./document.ts";
import { ImageSpecError } from "./errors.ts";
import type { Platform } from "./platform.ts";

/** What a container of the image runs (image-spec config.md, "config"). */
export interface ProcessConfig {
  readonly User?: string | undefined;
  readonly Env?: readonly string[] | undefined;
  readonly Entrypoint?: readonly string[] | undefined;
  readonly Cmd?: readonly string[] | undefined;
  readonly WorkingDir?: string | undefined;
  readonly StopSignal?: string | undefined;
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | undefined;
  readonly Volumes?: Readonly<Record<string, unknown>> | undefined;
  readonly Labels?: Readonly<Record<string, string>> | undefined;
}

/** An image's configuration (image-spec config.md). */
export interface ImageConfig extends Platform {
  /** RFC 3339. */
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly config?: ProcessConfig | undefined;
  readonly rootfs: {
    readonly type: "layers";
    /** Digest of each layer's uncompressed tar, the base layer first. */
    readonly diff_ids: readonly Digest[];
  };
}

/** Docker writes null where it means that a member is absent. */
function absent<Schema extends z.ZodType>(schema: Schema): z.ZodType<z.output<Schema> | undefined> {
  return z.preprocess((value) => value ?? undefined, schema.optional());
}

const strings = z.array(z.string());
const anyRecord = z.record(z.string(), z.unknown());

/** Docker leaves the member out, and Go's tools write null, for an image without layers. */
const diffIdsSchema = absent(z.array(digestSchema)).transform((diffIds) => diffIds ?? []);

const configSchema: z.ZodType<ImageConfig> = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: absent(z.string()),
  "os.version": absent(z.string()),
  "os.features": absent(strings),
  created: absent(z.string()),
  author: absent(z.string()),
  config: absent(
    z.object({
      User: absent(z.string()),
      Env: absent(strings),
      Entrypoint: absent(strings),
      Cmd: absent(strings),
      WorkingDir: absent(z.string()),
      StopSignal: absent(z.string()),
      ExposedPorts: absent(anyRecord),
      Volumes: absent(anyRecord),
      Labels: absent(z.record(z.string(), z.string())),
    }),
  ),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: diffIdsSchema }),
});

/**
 * Reads an image's configuration; it must have one diff ID for each of the manifest's layers.
 *
 * @throws {ImageSpecError} DOCUMENT_TOO_LARGE, DOCUMENT_INVALID.
 */
export function parseConfig(bytes: Uint8Array, name: string, layerCount: number): ImageConfig {
  const config = check(configSchema, parseJson(bytes, name), name);
  const diffIds = config.rootfs.diff_ids.length;
  if (diffIds !== layerCount)
    throw new ImageSpecError(
      "DOCUMENT_INVALID",
      `${name} has ${diffIds} diff IDs for ${layerCount} layers`,
      "the image was made by a faulty tool",
    );
  return config;
}
