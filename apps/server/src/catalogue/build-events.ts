import { sql, type Kysely } from "kysely";
import { buildChannel, notify } from "../database/notify.ts";
import type { Database } from "../database/schema.ts";
import type { BuildProblem, BuildState } from "./build.ts";

/** What watchers are told, by kind. */
export interface BuildEventData {
  /** Place in the queue from 1; it changes while others are taken up. */
  readonly queued: { readonly position: number };
  readonly state: { readonly state: BuildState };
  readonly resolved: {
    readonly digest: string;
    readonly platform: string;
    /** The base layer first. */
    readonly layers: readonly { readonly digest: string; readonly size: number }[];
  };
  /** All of it, as it stands: older ones are dropped. */
  readonly progress: {
    readonly layers: readonly LayerProgress[];
    readonly writtenBytes: number;
  };
  readonly stage: { readonly stage: string; readonly seconds: number; readonly bytes: number };
  readonly ready: {
    readonly key: string;
    readonly digest: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly cached: boolean;
  };
  readonly failed: { readonly problem: BuildProblem };
  readonly cancelled: Readonly<Record<string, never>>;
}
export type BuildEventKind = keyof BuildEventData;

export interface LayerProgress {
  readonly digest: string;
  /** Bytes that have come from the registry. */
  readonly pulledBytes: number;
  /** Bytes of the layer, as it was sent, that have been read into the disk. */
  readonly flattenedBytes: number;
  readonly totalBytes: number;
  /** Whether it was here already. */
  readonly cached: boolean;
}

export interface BuildEventRow {
  readonly sequence: number;
  readonly kind: string;
  readonly data: unknown;
  readonly at: Date;
}

/** After these nothing more happens to a build. */
export const finalKinds: ReadonlySet<string> = new Set<BuildEventKind>(["ready", "failed", "cancelled"]);

/** Adds an event and wakes who watches; in a transaction, when it is committed. Answers with its sequence number; 0: no such build. */
export async function appendEvent<Kind extends BuildEventKind>(
  db: Kysely<Database>,
  buildId: string,
  kind: Kind,
  data: BuildEventData[Kind],
): Promise<number> {
  const { rows } = await sql<{ sequence: number }>`
    WITH build AS (UPDATE builds SET event_count = event_count + 1 WHERE id = ${buildId} RETURNING id, event_count)
    INSERT INTO build_events (build_id, sequence, kind, data)
    SELECT id, event_count, ${kind}, ${JSON.stringify(data)}::jsonb FROM build
    RETURNING sequence`.execute(db);
  const [row] = rows;
  if (row === undefined) return 0;
  await notify(db, buildChannel, buildId);
  return row.sequence;
}

/** Adds how far a build is and drops what was said of it before, unless another worker has taken it up. */
export async function appendProgress(
  db: Kysely<Database>,
  { buildId, attempt }: { readonly buildId: string; readonly attempt: number },
  progress: BuildEventData["progress"],
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ sequence: number }>`
      WITH build AS (
        UPDATE builds SET event_count = event_count + 1
        WHERE id = ${buildId} AND attempts = ${attempt} AND ended_at IS NULL
        RETURNING id, event_count)
      INSERT INTO build_events (build_id, sequence, kind, data)
      SELECT id, event_count, 'progress', ${JSON.stringify(progress)}::jsonb FROM build
      RETURNING sequence`.execute(transaction);
    const [row] = rows;
    if (row === undefined) return;
    await transaction
      .deleteFrom("build_events")
      .where("build_id", "=", buildId)
      .where("kind", "=", "progress")
      .where("sequence", "<", row.sequence)
      .execute();
    await notify(transaction, buildChannel, buildId);
  });
}

/** Events with a higher sequence number than `after`, the oldest first. */
export async function readEvents(
  db: Kysely<Database>,
  buildId: string,
  after: number,
  limit: number,
): Promise<BuildEventRow[]> {
  return await db
    .selectFrom("build_events")
    .select(["sequence", "kind", "data", "at"])
    .where("build_id", "=", buildId)
    .where("sequence", ">", after)
    .orderBy("sequence")
    .limit(limit)
    .execute();
}
