import { sql, type Kysely } from "kysely";
import type { ArtifactStore } from "../artifacts/artifact-store.ts";
import type { Database } from "../database/schema.ts";
import type { RetentionSettings } from "../settings.ts";
import { removeArtifact } from "./artifacts.ts";

/** A disk is not removed as soon as it lies there without a row: who made it may be about to write that. */
const orphanMilliseconds = 3_600_000;
const rowsAtOnce = 1000;

/** What is kept of images, each server sees to for itself: forget-images.ts. */
type DiskRetention = Omit<RetentionSettings, "imageSeconds">;

export interface RetentionReport {
  /** Build keys of the disks that went, or would. */
  readonly removed: readonly string[];
  readonly freedBytes: number;
  /** Rows of builds that went, or would. */
  readonly removedBuilds: number;
  /** Disks that no row tells of, left by servers that were killed. */
  readonly removedOrphans: number;
}

/** Applies the rules on what is kept; any server may, several at once. With `dryRun` it only says what would go. */
export async function applyRetention(
  db: Kysely<Database>,
  store: Pick<ArtifactStore, "remove" | "list">,
  rules: DiskRetention,
  { dryRun }: { readonly dryRun: boolean },
): Promise<RetentionReport> {
  const removed: string[] = [];
  let freedBytes = 0;
  for (const { key, bytes } of await excess(db, rules)) {
    if (!dryRun && !(await removeArtifact(db, store, key))) continue;
    removed.push(key);
    freedBytes += bytes;
  }
  const removedBuilds = await forgetBuilds(db, rules.historySeconds, dryRun);
  const orphans = await removeOrphans(db, store, dryRun);
  return {
    removed,
    freedBytes: freedBytes + orphans.bytes,
    removedBuilds,
    removedOrphans: orphans.count,
  };
}

/** Disks that the rules no longer keep, the one longest unused first. */
async function excess(
  db: Kysely<Database>,
  { unusedSeconds, totalBytes }: DiskRetention,
): Promise<readonly { readonly key: string; readonly bytes: number }[]> {
  const { rows } = await sql<{ key: string; bytes: number }>`
    SELECT build_key AS key, bytes FROM (
      SELECT build_key, data_bytes AS bytes, used_at,
        sum(data_bytes) OVER (ORDER BY used_at DESC, build_key) AS newer
      FROM artifacts WHERE state = 'ready') AS disks
    WHERE used_at < now() - ${unusedSeconds ?? null}::float8 * interval '1 second'
      OR newer > ${totalBytes ?? null}::int8
    ORDER BY used_at`.execute(db);
  return rows;
}

async function forgetBuilds(db: Kysely<Database>, seconds: number, dryRun: boolean): Promise<number> {
  const old = db
    .selectFrom("builds")
    .select("id")
    .where("ended_at", "<", sql<Date>`now() - ${seconds}::float8 * interval '1 second'`);
  if (dryRun) return (await old.execute()).length;
  let count = 0;
  for (;;) {
    const { numDeletedRows } = await db
      .deleteFrom("builds")
      .where("id", "in", old.limit(rowsAtOnce))
      .executeTakeFirst();
    count += Number(numDeletedRows);
    if (numDeletedRows < BigInt(rowsAtOnce)) return count;
  }
}

async function removeOrphans(
  db: Kysely<Database>,
  store: Pick<ArtifactStore, "remove" | "list">,
  dryRun: boolean,
): Promise<{ readonly count: number; readonly bytes: number }> {
  let [count, bytesFreed] = [0, 0];
  for await (const { location, bytes, modified } of store.list()) {
    if (Date.now() - modified.getTime() < orphanMilliseconds) continue;
    // `KEY.FORMAT`: a key with a row is somebody's, whatever its state.
    const key = /[0-9a-f]{64}/.exec(location)?.[0];
    const row =
      key &&
      (await db
        .selectFrom("artifacts")
        .select("build_key")
        .where((of) => of.or([of("build_key", "=", key), of("location", "=", location)]))
        .executeTakeFirst());
    if (key === undefined || row) continue;
    if (!dryRun) await store.remove(location);
    count++;
    bytesFreed += bytes;
  }
  return { count, bytes: bytesFreed };
}
