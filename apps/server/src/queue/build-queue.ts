import type { Kysely } from "kysely";
import { fromKysely, type PgBoss } from "pg-boss";
import type { Database } from "../database/schema.ts";

export interface BuildJob {
  readonly buildId: string;
}

/** Seconds without a sign of life after which a job is taken from its worker. */
export const heartbeatSeconds = 30;

/** Builds that any server may make, or those whose credentials are in the memory of one. */
export function queueName(serverId: string | null): string {
  return serverId === null ? "builds" : `builds.${serverId}`;
}

/** Makes a queue known to the database, and to this process. */
export async function ensureQueue(boss: PgBoss, serverId: string | null): Promise<void> {
  const name = queueName(serverId);
  await boss.createQueue(name, {
    // Who works on a build is decided by its row: a second job of a build ends at once.
    notify: true,
    heartbeatSeconds,
    expireInSeconds: 12 * 3600,
    // The row of the build counts attempts and says when it is enough.
    retryLimit: 1000,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    deleteAfterSeconds: 3600,
  });
  // What pg-boss knows of a queue it asks for once, and on one connection it must not do so inside a transaction.
  await boss.findJobs(name, { key: "" });
}

/** In the transaction that makes or frees the row, so that neither is there without the other. */
export async function sendBuild(
  boss: PgBoss,
  transaction: Kysely<Database>,
  build: { readonly id: string; readonly serverId: string | null },
  startAfterSeconds = 0,
): Promise<void> {
  const job: BuildJob = { buildId: build.id };
  await boss.send(queueName(build.serverId), job, {
    db: fromKysely(transaction),
    singletonKey: build.id,
    ...(startAfterSeconds > 0 ? { startAfter: startAfterSeconds } : {}),
  });
}
