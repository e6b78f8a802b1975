import * as z from "zod";
import type { BuildEventData, BuildEventKind } from "../catalogue/build-events.ts";
import { buildProblemSchema, buildStateSchema } from "./build-answer.ts";

const sequence = z.int().positive().meta({ description: "The id of the server-sent event" });

const layerProgress = z.object({
  digest: z.string(),
  pulledBytes: z.number().meta({ description: "That have come from the registry" }),
  flattenedBytes: z
    .number()
    .meta({ description: "Of the layer as it was sent, that have been read into the disk" }),
  totalBytes: z.number(),
  cached: z.boolean().meta({ description: "Whether the server had the layer already" }),
});

function event<Kind extends string, Data extends z.ZodType>(kind: Kind, data: Data) {
  return z.object({ sequence, kind: z.literal(kind), data });
}

export type BuildEventAnswer = {
  [Kind in BuildEventKind]: {
    readonly sequence: number;
    readonly kind: Kind;
    readonly data: BuildEventData[Kind];
  };
}[BuildEventKind];

/** An event as a client puts it together: `id:` is the sequence, `event:` the kind, `data:` the data. */
export const buildEventSchema: z.ZodType<BuildEventAnswer> = z
  .discriminatedUnion("kind", [
    event("queued", z.object({ position: z.int().meta({ description: "Place in the queue, from 1" }) })),
    event("state", z.object({ state: buildStateSchema })),
    event(
      "resolved",
      z.object({
        digest: z.string(),
        platform: z.string(),
        layers: z.array(z.object({ digest: z.string(), size: z.number() })),
      }),
    ),
    event("progress", z.object({ layers: z.array(layerProgress), writtenBytes: z.number() })),
    event("stage", z.object({ stage: z.string(), seconds: z.number(), bytes: z.number() })),
    event(
      "ready",
      z.object({
        key: z.string(),
        digest: z.string(),
        bytes: z.number(),
        sha256: z.string(),
        cached: z.boolean(),
      }),
    ),
    event("failed", z.object({ problem: buildProblemSchema })),
    event("cancelled", z.object({})),
  ])
  .meta({ id: "BuildEvent", description: "What happens to a build; ready, failed and cancelled come last" });
