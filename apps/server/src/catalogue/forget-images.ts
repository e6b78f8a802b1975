import { collectGarbage, forgetPulledImages } from "@bootlayer/image-builder";
import { sql } from "kysely";
import { ownAddresses } from "../registry/own-addresses.ts";
import type { ServerContext } from "../server-context.ts";
import { imageDirectory } from "../store-directories.ts";

export type ImageRetentionContext = Pick<ServerContext, "settings" | "database">;

/**
 * Lets go of images that this server pulled, and no build of the last `imageSeconds` was of: their names go, and the next collection
 * of garbage takes their blobs. Answers with the names.
 */
export async function forgetImages({
  settings,
  database: { db },
}: ImageRetentionContext): Promise<readonly string[]> {
  const since = sql<Date>`now() - ${settings.retention.imageSeconds}::float8 * interval '1 second'`;
  const rows = await db
    .selectFrom("builds")
    .select("manifest_digest")
    .distinct()
    .where("manifest_digest", "is not", null)
    .where((of) => of.or([of("ended_at", "is", null), of("ended_at", ">", since)]))
    .execute();
  const needed = new Set<string | null>(rows.map((row) => row.manifest_digest));
  return await forgetPulledImages((digest) => needed.has(digest), {
    store: imageDirectory(settings),
    ownRegistries: ownAddresses(settings),
  });
}

/** The same, and collects what no name leads to any more. */
export async function applyImageRetention(
  context: ImageRetentionContext,
  options: { readonly graceMilliseconds?: number; readonly signal?: AbortSignal } = {},
): Promise<{ readonly forgotten: readonly string[]; readonly freedBytes: number }> {
  const forgotten = await forgetImages(context);
  const { freedBytes } = await collectGarbage(
    { graceMilliseconds: options.graceMilliseconds },
    { ...(options.signal && { signal: options.signal }), store: imageDirectory(context.settings) },
  );
  return { forgotten, freedBytes };
}
