import * as z from "zod";
import { descriptorSchema, type Descriptor } from "./descriptor.ts";

/** Images for several platforms under one name (image-spec image-index.md; Docker's manifest list has the same shape). */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const maxManifests = 10_000;

export const imageIndexSchema: z.ZodType<Index> = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  // What umoci writes for an index that has become empty is null.
  manifests: z
    .array(descriptorSchema)
    .max(maxManifests)
    .nullable()
    .transform((manifests) => manifests ?? []),
  subject: descriptorSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
