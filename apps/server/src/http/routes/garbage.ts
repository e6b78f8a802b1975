import { collectGarbage, graceCutoff } from "@bootlayer/image-builder";
import * as z from "zod";
import type { ServerContext } from "../../server-context.ts";
import { imageDirectory } from "../../store-directories.ts";
import { json, problems } from "../answers.ts";
import type { App } from "../app.ts";

const removedSchema = z.object({ name: z.string(), bytes: z.number() });

const reportSchema = z
  .object({
    dryRun: z.boolean(),
    blobs: z.array(removedSchema).meta({ description: "Of images that no name leads to, by digest" }),
    leavings: z.array(removedSchema).meta({ description: "What killed processes left in the store" }),
    disks: z.array(removedSchema).meta({ description: "Finished disks of no build in the catalogue" }),
    freedBytes: z.number(),
  })
  .meta({ id: "GarbageReport", description: "What was, or would be, removed" });

const requestSchema = z
  .strictObject({
    dryRun: z.boolean().default(false).meta({ description: "Only say what would be removed" }),
    graceSeconds: z
      .int()
      .min(0)
      .max(365 * 24 * 3600)
      .default(3600)
      .meta({ description: "What was written or used later than so long ago stays" }),
  })
  .meta({ id: "GarbageRequest", description: "A collection of garbage" });

export function garbageRoutes(app: App, context: ServerContext): void {
  app.post(
    "/v1/garbage",
    {
      config: { scope: "admin" },
      schema: {
        tags: ["server"],
        operationId: "collectGarbage",
        summary: "Remove what no image and no build needs",
        description: "Blobs are those of the store of the server that answers; disks those of all servers.",
        body: requestSchema,
        response: { 200: json("What was, or would be, removed", reportSchema), ...problems(502) },
      },
    },
    async ({ body: { dryRun, graceSeconds } }) => {
      const graceMilliseconds = graceSeconds * 1000;
      const store = await collectGarbage(
        { dryRun, graceMilliseconds },
        { store: imageDirectory(context.settings) },
      );
      const disks = await orphanedDisks(context, { dryRun, graceMilliseconds });
      const sizes = store.removedArtifacts.map(({ key, bytes }) => ({ name: key, bytes }));
      return {
        dryRun,
        blobs: store.removed.map(({ digest, size }) => ({ name: digest, bytes: size })),
        leavings: store.removedLeavings.map(({ path, size }) => ({ name: leavingName(path), bytes: size })),
        disks: [...sizes, ...disks],
        freedBytes: store.freedBytes + disks.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    },
  );
}

/** A path of the server's machine is nobody's business. */
function leavingName(path: string): string {
  return path.split("/").at(-1) ?? "";
}

/** Disks in the artifact store that no row knows: left where a server died between the one and the other. */
async function orphanedDisks(
  { artifacts, database: { db } }: ServerContext,
  { dryRun, graceMilliseconds }: { readonly dryRun: boolean; readonly graceMilliseconds: number },
): Promise<{ name: string; bytes: number }[]> {
  const youngest = graceCutoff(graceMilliseconds);
  const orphans: { name: string; bytes: number }[] = [];
  for await (const { location, bytes, modified } of artifacts.list()) {
    if (modified.getTime() > youngest) continue;
    const [key = ""] = location.split(".", 1);
    const row = await db
      .selectFrom("artifacts")
      .select("state")
      .where("build_key", "=", key)
      .executeTakeFirst();
    if (row !== undefined) continue;
    if (!dryRun) await artifacts.remove(location);
    orphans.push({ name: location, bytes });
  }
  return orphans;
}
