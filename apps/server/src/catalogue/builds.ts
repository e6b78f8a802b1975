import { sql, type Kysely, type Selectable } from "kysely";
import { batchReads } from "../database/batch-reads.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { cancelChannel, notify } from "../database/notify.ts";
import type { BuildTable, Database } from "../database/schema.ts";
import { ServerError } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { sendBuild } from "../queue/build-queue.ts";
import { appendEvent } from "./build-events.ts";
import { newBuildId } from "./build-id.ts";
import type { BuildRequestBody } from "./build-request.ts";
import { finalStates, type BuildProblem, type BuildState } from "./build.ts";
import { endBuild } from "./end-build.ts";

/** A build as the catalogue has it. */
export interface Build {
  readonly id: string;
  readonly state: BuildState;
  readonly request: BuildRequestBody;
  readonly requestKey: string;
  readonly buildKey: string | undefined;
  readonly manifestDigest: string | undefined;
  readonly tokenId: string | undefined;
  /** The server that alone can make it. */
  readonly serverId: string | undefined;
  /** The build of the same key that it waits for. */
  readonly follows: string | undefined;
  /** Place in the queue from 1, while it is queued. */
  readonly position: number | undefined;
  readonly problem: BuildProblem | undefined;
  readonly report: unknown;
  readonly cancelRequested: boolean;
  readonly attempts: number;
  /** The sequence number of its latest event. */
  readonly eventCount: number;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
}

export interface NewBuild {
  /** Where the caller must know it beforehand; default: a new one. */
  readonly id?: string | undefined;
  readonly request: BuildRequestBody;
  readonly requestKey: string;
  readonly tokenId: string | undefined;
  /** The server that alone can make it: it has the credentials, or the image. */
  readonly serverId: string | undefined;
  /** Such a build is joined by none before it is ready. Default: where it has a server. */
  readonly hasCredentials?: boolean | undefined;
  /** Builds of one token that may be queued or run. */
  readonly limit: number;
}

/**
 * A build of an equal request that is under way, or else a new one with its job in the queue.
 *
 * @throws {ServerError} QUOTA_BUILDS
 */
export async function createOrJoinBuild(
  { db, boss }: Pick<OpenDatabase, "db" | "boss">,
  {
    id = newBuildId(),
    request,
    requestKey,
    tokenId,
    serverId,
    hasCredentials = serverId !== undefined,
    limit,
  }: NewBuild,
): Promise<{ readonly build: Build; readonly joined: boolean }> {
  return await db.transaction().execute(async (transaction) => {
    if (!hasCredentials) {
      const found = await findJoinable(transaction, requestKey);
      if (found !== undefined) return { build: found, joined: true };
    }
    await checkLimit(transaction, tokenId, limit);
    // Of two that come here at once with equal requests one waits at the unique index for the other's end.
    const { rows } = await sql<{ id: string }>`
      INSERT INTO builds (id, request_key, request, state, token_id, server_id, has_credentials)
      VALUES (${id}, ${requestKey}, ${JSON.stringify(request)}::jsonb, 'queued', ${tokenId ?? null},
        ${serverId ?? null}, ${hasCredentials})
      ON CONFLICT (request_key)
        WHERE NOT has_credentials AND NOT cancel_requested AND state NOT IN ('ready', 'failed', 'cancelled')
        DO UPDATE SET request_key = excluded.request_key
      RETURNING id`.execute(transaction);
    const kept = rows[0]?.id ?? id;
    if (kept === id) {
      await sendBuild(boss, transaction, { id, serverId: serverId ?? null });
      const position = await transaction
        .selectFrom("builds")
        .select((of) => of.fn.countAll<number>().as("count"))
        .where("state", "=", "queued")
        .where("follows", "is", null)
        .executeTakeFirstOrThrow();
      await appendEvent(transaction, id, "queued", { position: position.count });
    }
    return { build: await requireBuild(transaction, kept), joined: kept !== id };
  });
}

/** A build of an equal request that is under way and carries no credentials. */
export async function findJoinable(db: Kysely<Database>, requestKey: string): Promise<Build | undefined> {
  const row = await selectBuilds(db)
    .where("request_key", "=", requestKey)
    .where("has_credentials", "=", false)
    .where("cancel_requested", "=", false)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return row && buildOf(row);
}

/** Those of one token are counted one after another. */
async function checkLimit(
  transaction: Kysely<Database>,
  tokenId: string | undefined,
  limit: number,
): Promise<void> {
  if (tokenId !== undefined)
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${tokenId}, 0))`.execute(transaction);
  const { count } = await transaction
    .selectFrom("builds")
    .select((of) => of.fn.countAll<number>().as("count"))
    .where("token_id", tokenId === undefined ? "is" : "=", tokenId ?? null)
    .where("ended_at", "is", null)
    .executeTakeFirstOrThrow();
  if (count >= limit)
    throw new ServerError(
      "QUOTA_BUILDS",
      `${count} builds are queued or run, and ${limit} may`,
      "wait until some have ended, or cancel some",
    );
}

export async function getBuild(db: Kysely<Database>, id: string): Promise<Build | undefined> {
  const row = await selectBuilds(db).where("id", "=", id).executeTakeFirst();
  return row && buildOf(row);
}

/** Reads builds for requests, which come many at once. */
export function buildFinder({
  db,
  kind,
}: Pick<OpenDatabase, "db" | "kind">): (id: string) => Promise<Build | undefined> {
  return batchReads(kind, async (ids) => {
    const rows = await selectBuilds(db)
      .where(sql<boolean>`id = ANY(${ids})`)
      .execute();
    return new Map(rows.map((row) => [row.id, buildOf(row)]));
  });
}

/** @throws {ServerError} BUILD_NOT_FOUND */
export async function requireBuild(db: Kysely<Database>, id: string): Promise<Build> {
  const build = await getBuild(db, id);
  if (build === undefined) throw buildNotFound(id);
  return build;
}

/** The latest build of an equal request whose disk is there. */
export async function findReadyBuild(db: Kysely<Database>, requestKey: string): Promise<Build | undefined> {
  const row = await selectBuilds(db)
    .where("request_key", "=", requestKey)
    .where("state", "=", "ready")
    .where((of) =>
      of.exists(
        of
          .selectFrom("artifacts")
          .select("artifacts.build_key")
          .whereRef("artifacts.build_key", "=", "builds.build_key")
          .where("artifacts.state", "=", "ready"),
      ),
    )
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && buildOf(row);
}

export interface BuildFilter {
  readonly states?: readonly BuildState[] | undefined;
  /** A part of the source's name. */
  readonly source?: string | undefined;
  readonly format?: "ext4" | "squashfs" | undefined;
  readonly tokenId?: string | undefined;
  /** What the page before answered as `next`. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The newest first. */
export async function listBuilds(
  db: Kysely<Database>,
  { states, source, format, tokenId, after, limit }: BuildFilter,
): Promise<{ readonly builds: readonly Build[]; readonly next: string | undefined }> {
  let query = selectBuilds(db)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (states !== undefined) query = query.where("state", "in", states);
  if (source !== undefined) query = query.where(sql<boolean>`position(${source} in request->>'source') > 0`);
  if (format !== undefined) query = query.where(sql<boolean>`request->>'format' = ${format}`);
  if (tokenId !== undefined) query = query.where("token_id", "=", tokenId);
  if (after !== undefined) query = query.where("id", "<", after);
  const rows = await query.execute();
  const builds = rows.slice(0, limit).map(buildOf);
  return { builds, next: rows.length > limit ? builds.at(-1)?.id : undefined };
}

/**
 * Ends a build that nobody works on at once; who works on one is told, and ends it soon. One that is cancelled already stays so.
 *
 * @throws {ServerError} BUILD_NOT_FOUND. BUILD_STATE: it has ended otherwise.
 */
export async function requestCancel(
  { db, boss }: Pick<OpenDatabase, "db" | "boss">,
  id: string,
  metrics: Pick<Metrics, "buildsEnded">,
): Promise<Build> {
  const { build, ended } = await db.transaction().execute(async (transaction) => {
    const build = await lockBuild(transaction, id);
    if (build.state === "cancelled") return { build: await requireBuild(transaction, id), ended: [] };
    if (finalStates.has(build.state))
      throw new ServerError(
        "BUILD_STATE",
        `build ${id} is ${build.state}: there is nothing to cancel`,
        build.state === "ready" ? "delete it if it is not wanted" : "retry it if it is wanted",
      );
    await transaction.updateTable("builds").set({ cancel_requested: true }).where("id", "=", id).execute();
    const ended = build.worker === null ? await endBuild(transaction, boss, id, { state: "cancelled" }) : [];
    if (build.worker !== null) await notify(transaction, cancelChannel, id);
    return { build: await requireBuild(transaction, id), ended };
  });
  metrics.buildsEnded(ended);
  return build;
}

/**
 * Asks for the same once more, as a new build (or one that is under way already).
 *
 * @throws {ServerError} BUILD_NOT_FOUND, QUOTA_BUILDS. BUILD_STATE: it has neither failed nor been cancelled.
 */
export async function retryBuild(
  database: Pick<OpenDatabase, "db" | "boss">,
  id: string,
  { newId, tokenId, serverId, limit }: Pick<NewBuild, "tokenId" | "serverId" | "limit"> & { newId?: string },
): Promise<{ readonly build: Build; readonly joined: boolean }> {
  const { state, request, requestKey } = await requireBuild(database.db, id);
  if (state !== "failed" && state !== "cancelled")
    throw new ServerError(
      "BUILD_STATE",
      `build ${id} is ${state}: there is nothing to retry`,
      finalStates.has(state) ? "ask for it again instead" : "wait for its end, or cancel it",
    );
  return await createOrJoinBuild(database, { id: newId, request, requestKey, tokenId, serverId, limit });
}

/**
 * Takes an ended build out of the catalogue. Its disk stays while another build has the same key; answers with the key if none has.
 *
 * @throws {ServerError} BUILD_NOT_FOUND. BUILD_STATE: it has not ended.
 */
export async function deleteBuild(
  db: Kysely<Database>,
  id: string,
): Promise<{ readonly orphanedKey: string | undefined }> {
  return await db.transaction().execute(async (transaction) => {
    const build = await lockBuild(transaction, id);
    if (!finalStates.has(build.state))
      throw new ServerError("BUILD_STATE", `build ${id} is ${build.state}`, "cancel it first");
    await transaction.deleteFrom("builds").where("id", "=", id).execute();
    if (build.build_key === null) return { orphanedKey: undefined };
    const other = await transaction
      .selectFrom("builds")
      .select("id")
      .where("build_key", "=", build.build_key)
      .limit(1)
      .executeTakeFirst();
    return { orphanedKey: other === undefined ? build.build_key : undefined };
  });
}

/** @throws {ServerError} BUILD_NOT_FOUND */
export async function lockBuild(
  transaction: Kysely<Database>,
  id: string,
): Promise<Pick<Selectable<BuildTable>, "id" | "state" | "worker" | "build_key" | "server_id">> {
  const row = await transaction
    .selectFrom("builds")
    .select(["id", "state", "worker", "build_key", "server_id"])
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw buildNotFound(id);
  return row;
}

/** BUILD_NOT_FOUND. */
export function buildNotFound(id: string): ServerError {
  return new ServerError("BUILD_NOT_FOUND", `there is no build ${id}`, "list the builds that there are");
}

function selectBuilds(db: Kysely<Database>) {
  return db
    .selectFrom("builds")
    .selectAll("builds")
    .select(
      sql<number | null>`CASE WHEN state = 'queued' AND follows IS NULL THEN (
        SELECT count(*)::int FROM builds AS earlier
        WHERE earlier.state = 'queued' AND earlier.follows IS NULL AND earlier.id <= builds.id
      ) END`.as("position"),
    );
}

function buildOf(row: Selectable<BuildTable> & { readonly position: number | null }): Build {
  return {
    id: row.id,
    state: row.state,
    request: row.request,
    requestKey: row.request_key,
    buildKey: row.build_key ?? undefined,
    manifestDigest: row.manifest_digest ?? undefined,
    tokenId: row.token_id ?? undefined,
    serverId: row.server_id ?? undefined,
    follows: row.follows ?? undefined,
    position: row.position ?? undefined,
    problem: row.problem ?? undefined,
    report: row.report ?? undefined,
    cancelRequested: row.cancel_requested,
    attempts: row.attempts,
    eventCount: row.event_count,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  };
}
