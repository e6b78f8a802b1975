import { sql, type Kysely } from "kysely";
import type { PgBoss } from "pg-boss";
import { appendEvent } from "../catalogue/build-events.ts";
import { renewKey, until, type BuildClaim } from "../catalogue/artifacts.ts";
import type { BuildRequestBody } from "../catalogue/build-request.ts";
import type { BuildState } from "../catalogue/build.ts";
import { endBuild, requeue, type BuildOutcome, type EndedBuild } from "../catalogue/end-build.ts";
import type { Database } from "../database/schema.ts";

/** Workers that may die on a build before it is taken for its fault. */
export const maxLostWorkers = 4;

/** A build that a worker has taken up. */
export interface ClaimedBuild extends BuildClaim {
  readonly request: BuildRequestBody;
  readonly hasCredentials: boolean;
  readonly cancelRequested: boolean;
  readonly lostWorkers: number;
}

/** Takes a build up, unless it has ended, waits for another build, or a living worker has it. */
export async function claimBuild(
  db: Kysely<Database>,
  buildId: string,
  serverId: string,
  leaseMilliseconds: number,
): Promise<ClaimedBuild | undefined> {
  return await db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{
      attempts: number;
      request: BuildRequestBody;
      has_credentials: boolean;
      cancel_requested: boolean;
      lost_workers: number;
    }>`
      UPDATE builds SET
        attempts = attempts + 1,
        lost_workers = lost_workers + CASE WHEN worker IS NULL THEN 0 ELSE 1 END,
        worker = ${serverId},
        worker_until = ${until(leaseMilliseconds)},
        state = 'resolving',
        started_at = coalesce(started_at, now())
      WHERE id = ${buildId} AND ended_at IS NULL AND follows IS NULL
        AND (worker IS NULL OR worker_until < now())
      RETURNING attempts, request, has_credentials, cancel_requested, lost_workers`.execute(transaction);
    const [row] = rows;
    if (row === undefined) return undefined;
    await appendEvent(transaction, buildId, "state", { state: "resolving" });
    return {
      buildId,
      attempt: row.attempts,
      request: row.request,
      hasCredentials: row.has_credentials,
      cancelRequested: row.cancel_requested,
      lostWorkers: row.lost_workers,
    };
  });
}

/** Says that the worker lives. `lost`: another has the build or its key by now. */
export async function renewClaim(
  db: Kysely<Database>,
  claim: BuildClaim,
  key: string | undefined,
  leaseMilliseconds: number,
): Promise<"held" | "lost" | "cancelled"> {
  const row = await db
    .updateTable("builds")
    .set({ worker_until: until(leaseMilliseconds) })
    .where("id", "=", claim.buildId)
    .where("attempts", "=", claim.attempt)
    .where("worker", "is not", null)
    .where("ended_at", "is", null)
    .returning("cancel_requested")
    .executeTakeFirst();
  if (row === undefined) return "lost";
  if (key !== undefined && !(await renewKey(db, key, claim, leaseMilliseconds))) return "lost";
  return row.cancel_requested ? "cancelled" : "held";
}

/** Writes what a worker knows of its build, and says so to watchers. Answers whether the build was still its own. */
export async function writeState(
  db: Kysely<Database>,
  claim: BuildClaim,
  state: BuildState,
  known: { readonly buildKey?: string; readonly manifestDigest?: string } = {},
): Promise<boolean> {
  const written = await withClaim(db, claim, async (transaction) => {
    await transaction
      .updateTable("builds")
      .set({
        state,
        ...(known.buildKey === undefined ? {} : { build_key: known.buildKey }),
        ...(known.manifestDigest === undefined ? {} : { manifest_digest: known.manifestDigest }),
      })
      .where("id", "=", claim.buildId)
      .execute();
    await appendEvent(transaction, claim.buildId, "state", { state });
    return true;
  });
  return written ?? false;
}

/** Ends a build, unless another worker has it by now: answers with what has ended by it, or nothing if it was not this one's any more. */
export async function endClaim(
  db: Kysely<Database>,
  boss: PgBoss,
  claim: BuildClaim,
  outcome: BuildOutcome,
): Promise<readonly EndedBuild[] | undefined> {
  return await withClaim(db, claim, (transaction) => endBuild(transaction, boss, claim.buildId, outcome));
}

/** Gives a build back to the queue. */
export async function giveBack(
  db: Kysely<Database>,
  boss: PgBoss,
  claim: BuildClaim,
  startAfterSeconds: number,
): Promise<boolean> {
  const given = await withClaim(db, claim, async (transaction, row) => {
    await requeue(transaction, boss, row, startAfterSeconds);
    return true;
  });
  return given ?? false;
}

/**
 * Makes a build wait for the one that makes its disk. Answers false where that one has ended meanwhile, or is gone: then the key is to
 * be asked for again.
 */
export async function follow(
  db: Kysely<Database>,
  claim: BuildClaim,
  { leader, key }: { readonly leader: string; readonly key: string },
): Promise<boolean> {
  return await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom("builds")
      .select("ended_at")
      .where("id", "=", leader)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined || row.ended_at !== null) return false;
    const { numUpdatedRows } = await transaction
      .updateTable("builds")
      .set({ state: "queued", follows: leader, worker: null, worker_until: null, build_key: key })
      .where("id", "=", claim.buildId)
      .where("attempts", "=", claim.attempt)
      .where("worker", "is not", null)
      .where("ended_at", "is", null)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) await appendEvent(transaction, claim.buildId, "state", { state: "queued" });
    return true;
  });
}

/** Runs `work` with the build's row locked, if the build is still this attempt's; otherwise it answers with nothing. */
export async function withClaim<Result>(
  db: Kysely<Database>,
  { buildId, attempt }: BuildClaim,
  work: (
    transaction: Kysely<Database>,
    row: { readonly id: string; readonly server_id: string | null },
  ) => Promise<Result>,
): Promise<Result | undefined> {
  return await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom("builds")
      .select(["id", "server_id"])
      .where("id", "=", buildId)
      .where("attempts", "=", attempt)
      .where("worker", "is not", null)
      .where("ended_at", "is", null)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return await work(transaction, row);
  });
}
