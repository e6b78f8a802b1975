import * as z from "zod";
import { descriptorSchema, type Descriptor } from "./descriptor.ts";

/** One image for one platform (image-spec manifest.md; Docker's schema 2 has the same shape). */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  /** The base layer first. */
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Docker refuses more than 127 layers; nothing honest comes near this. */
const maxLayers = 1000;

export const manifestSchema: z.ZodType<Manifest> = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  // What Go's tools write for an image without layers is null.
  layers: z
    .array(descriptorSchema)
    .max(maxLayers)
    .nullable()
    .transform((layers) => layers ?? []),
  subject: descriptorSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
