import * as z from "zod";
import { parseDigest, type Digest } from "./digest.ts";
import { ImageSpecError } from "./errors.ts";
import { platformSchema, type Platform } from "./platform.ts";

/** Points at a blob and says what it must be (image-spec descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Length of the blob in bytes; bounds what may be read or allocated for it. */
  readonly size: number;
  /** Other places of a non-distributable layer. */
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  /** The blob itself in base64; counts only after size and digest were checked. */
  readonly data?: string | undefined;
  /** In an index: what the manifest is for. */
  readonly platform?: Platform | undefined;
}

export const digestSchema: z.ZodType<Digest, string> = z.string().transform((text, context) => {
  try {
    return parseDigest(text);
  } catch (error) {
    context.issues.push({
      code: "custom",
      message: error instanceof ImageSpecError ? error.message : "no digest",
      input: text,
    });
    return z.NEVER;
  }
});

/** Unknown members are dropped, as the specification asks of readers ("extensibility", considerations.md). */
export const descriptorSchema: z.ZodType<Descriptor> = z.object({
  mediaType: z.string().min(1).max(255),
  digest: digestSchema,
  size: z.int().nonnegative(),
  urls: z.array(z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  artifactType: z.string().optional(),
  data: z.base64().optional(),
  platform: platformSchema.optional(),
});
