import { sql, type Kysely } from "kysely";
import type { PgBoss } from "pg-boss";
import type { Database } from "../database/schema.ts";
import { sendBuild } from "../queue/build-queue.ts";
import { appendEvent, type BuildEventData } from "./build-events.ts";
import type { BuildProblem, BuildState } from "./build.ts";

/** How a build ends. */
export type BuildOutcome =
  | {
      readonly state: "ready";
      /** Of the disk; `source` is written beside it, as the build asked for it. */
      readonly report: object;
      readonly event: BuildEventData["ready"];
      readonly manifestDigest: string;
    }
  | { readonly state: "failed"; readonly problem: BuildProblem }
  | { readonly state: "cancelled" };

/** A build that a transaction has ended: it is to be counted once that has been committed, and is by nobody else. */
export interface EndedBuild {
  readonly state: BuildState;
  /** Why it failed. */
  readonly code: string | undefined;
}

/**
 * Writes the end of a build that the transaction has locked, and looks after those that wait for it: a ready one makes them ready,
 * any other sends them back to the queue. Answers with all that have ended by it.
 */
export async function endBuild(
  transaction: Kysely<Database>,
  boss: PgBoss,
  id: string,
  outcome: BuildOutcome,
): Promise<readonly EndedBuild[]> {
  const ended = [await writeEnd(transaction, id, outcome)];
  const followers = await transaction
    .selectFrom("builds")
    .select(["id", "server_id", "cancel_requested"])
    .where("follows", "=", id)
    .where("ended_at", "is", null)
    .orderBy("id")
    .forUpdate()
    .execute();
  for (const follower of followers) {
    if (outcome.state === "ready")
      ended.push(
        await writeEnd(transaction, follower.id, {
          ...outcome,
          report: { ...outcome.report, cached: true },
          event: { ...outcome.event, cached: true },
        }),
      );
    else await requeue(transaction, boss, follower);
  }
  return ended;
}

/** Sends a build that nobody works on to the queue again. */
export async function requeue(
  transaction: Kysely<Database>,
  boss: PgBoss,
  build: { readonly id: string; readonly server_id: string | null },
  startAfterSeconds = 0,
): Promise<void> {
  await transaction
    .updateTable("builds")
    .set({ state: "queued", follows: null, worker: null, worker_until: null })
    .where("id", "=", build.id)
    .execute();
  await sendBuild(boss, transaction, { id: build.id, serverId: build.server_id }, startAfterSeconds);
  await appendEvent(transaction, build.id, "state", { state: "queued" });
}

async function writeEnd(
  transaction: Kysely<Database>,
  id: string,
  outcome: BuildOutcome,
): Promise<EndedBuild> {
  await transaction
    .updateTable("builds")
    .set({
      state: outcome.state,
      worker: null,
      worker_until: null,
      follows: null,
      ended_at: sql<Date>`now()`,
      ...(outcome.state === "ready"
        ? {
            // The disk may have been made of another name of the image.
            report: sql<string>`${JSON.stringify(outcome.report)}::jsonb || jsonb_build_object('source', request->'source')`,
            manifest_digest: outcome.manifestDigest,
            build_key: outcome.event.key,
          }
        : {}),
      ...(outcome.state === "failed" ? { problem: JSON.stringify(outcome.problem) } : {}),
    })
    .where("id", "=", id)
    .execute();
  if (outcome.state === "ready") await appendEvent(transaction, id, "ready", outcome.event);
  else if (outcome.state === "failed")
    await appendEvent(transaction, id, "failed", { problem: outcome.problem });
  else await appendEvent(transaction, id, "cancelled", {});
  return { state: outcome.state, code: outcome.state === "failed" ? outcome.problem.code : undefined };
}
