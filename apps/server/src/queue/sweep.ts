import { sql, type Kysely } from "kysely";
import type { PgBoss } from "pg-boss";
import { appendEvent } from "../catalogue/build-events.ts";
import { endBuild, requeue, type EndedBuild } from "../catalogue/end-build.ts";
import { problemOf } from "../catalogue/problem-of.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import type { Database } from "../database/schema.ts";
import { ServerError } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { maxLostWorkers } from "./build-claims.ts";
import { queueName, type BuildJob } from "./build-queue.ts";
import { workersLost } from "./run-build.ts";

/** Seconds after which a server that gave no sign of life counts as gone for good by those that only it could make. */
const goneSeconds = 600;
/** How many builds of a kind one sweep looks at, and how many that are queued are told their place. */
const atOnce = 100;

/** Finds builds that nobody would finish: any server may do it, several at once. */
export async function sweepBuilds(
  { db, boss }: Pick<OpenDatabase, "db" | "boss">,
  serverId: string,
  metrics: Pick<Metrics, "buildsEnded">,
): Promise<void> {
  await db
    .insertInto("servers")
    .values({ id: serverId })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ seen_at: sql<Date>`now()` }))
    .execute();
  metrics.buildsEnded(await freeLostBuilds(db, boss));
  await freeFollowers(db, boss);
  metrics.buildsEnded(await endStranded(db, boss));
  await sendForgotten(db, boss);
  await tellPositions(db);
}

/** The worker of a build has not renewed its lease. */
async function freeLostBuilds(db: Kysely<Database>, boss: PgBoss): Promise<readonly EndedBuild[]> {
  return await db.transaction().execute(async (transaction) => {
    const ended: EndedBuild[] = [];
    const lost = await transaction
      .selectFrom("builds")
      .select(["id", "server_id", "lost_workers", "cancel_requested"])
      .where("ended_at", "is", null)
      .where("worker", "is not", null)
      .where("worker_until", "<", sql<Date>`now()`)
      .orderBy("id")
      .limit(atOnce)
      .forUpdate()
      .skipLocked()
      .execute();
    for (const build of lost) {
      const lostWorkers = build.lost_workers + 1;
      await transaction
        .updateTable("builds")
        .set({ lost_workers: lostWorkers })
        .where("id", "=", build.id)
        .execute();
      if (build.cancel_requested)
        ended.push(...(await endBuild(transaction, boss, build.id, { state: "cancelled" })));
      else if (lostWorkers > maxLostWorkers)
        ended.push(
          ...(await endBuild(transaction, boss, build.id, {
            state: "failed",
            problem: problemOf(workersLost(lostWorkers)),
          })),
        );
      else await requeue(transaction, boss, build);
    }
    return ended;
  });
}

/** The build that a build waits for has ended, or is no more. */
async function freeFollowers(db: Kysely<Database>, boss: PgBoss): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const left = await transaction
      .selectFrom("builds")
      .innerJoin("builds as leader", "leader.id", "builds.follows")
      .select(["builds.id", "builds.server_id"])
      .where("builds.ended_at", "is", null)
      .where("leader.ended_at", "is not", null)
      .orderBy("builds.id")
      .limit(atOnce)
      .forUpdate("builds")
      .skipLocked()
      .execute();
    for (const build of left) await requeue(transaction, boss, build);
  });
}

/** Only a server that is gone for good could make them. */
async function endStranded(db: Kysely<Database>, boss: PgBoss): Promise<readonly EndedBuild[]> {
  return await db.transaction().execute(async (transaction) => {
    const ended: EndedBuild[] = [];
    const stranded = await transaction
      .selectFrom("builds")
      .select("id")
      .where("ended_at", "is", null)
      .where("worker", "is", null)
      .where("server_id", "is not", null)
      .where("created_at", "<", sql<Date>`now() - ${goneSeconds} * interval '1 second'`)
      .where(
        sql<boolean>`NOT EXISTS (SELECT FROM servers WHERE servers.id = builds.server_id
          AND seen_at > now() - ${goneSeconds} * interval '1 second')`,
      )
      .orderBy("id")
      .limit(atOnce)
      .forUpdate()
      .skipLocked()
      .execute();
    for (const { id } of stranded)
      ended.push(
        ...(await endBuild(transaction, boss, id, {
          state: "failed",
          problem: problemOf(
            new ServerError(
              "BUILD_CREDENTIALS_GONE",
              "the server that held the registry's credentials, or the image, is gone",
              "ask another server for the build, with the credentials or a source that it can reach",
            ),
          ),
        })),
      );
    return ended;
  });
}

/** Queued builds without a job: it was lost with the queue's tables, or its worker ended between two steps. */
async function sendForgotten(db: Kysely<Database>, boss: PgBoss): Promise<void> {
  const queued = await db
    .selectFrom("builds")
    .select(["id", "server_id"])
    .where("state", "=", "queued")
    .where("follows", "is", null)
    .where("worker", "is", null)
    .where("created_at", "<", sql<Date>`now() - interval '1 minute'`)
    .orderBy("id")
    .limit(atOnce)
    .execute();
  for (const { id, server_id: serverId } of queued) {
    const jobs = await boss.findJobs<BuildJob>(queueName(serverId), { key: id });
    if (jobs.some(({ state }) => state === "created" || state === "retry" || state === "active")) continue;
    await db.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom("builds")
        .select(["id", "server_id"])
        .where("id", "=", id)
        .where("state", "=", "queued")
        .where("follows", "is", null)
        .where("worker", "is", null)
        .forUpdate()
        .executeTakeFirst();
      if (row !== undefined) await requeue(transaction, boss, row);
    });
  }
}

/** Tells those that wait how many are before them, where that has changed. */
async function tellPositions(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ id: string; position: number }>`
    SELECT queue.id, queue.position FROM (
      SELECT id, row_number() OVER (ORDER BY id)::int AS position FROM builds
      WHERE state = 'queued' AND follows IS NULL ORDER BY id LIMIT ${atOnce}) AS queue
    WHERE queue.position IS DISTINCT FROM (
      SELECT (data->>'position')::int FROM build_events
      WHERE build_id = queue.id AND kind = 'queued' ORDER BY sequence DESC LIMIT 1)`.execute(db);
  for (const { id, position } of rows) await appendEvent(db, id, "queued", { position });
}
