import type { Kysely } from "kysely";
import type { RequestCredentials } from "../access/request-credentials.ts";
import type { Database } from "../database/schema.ts";

/** Credentials are held before the build's row is there for others to see. */
const writingMilliseconds = 60_000;

/**
 * Drops the credentials of builds that have ended, or are gone, without this server's worker having had a part in it: ended with
 * their leader, cancelled in the queue, given up by another server's sweep.
 */
export async function dropEndedCredentials(
  db: Kysely<Database>,
  credentials: RequestCredentials,
): Promise<void> {
  const held = new Map(credentials.builds());
  if (held.size === 0) return;
  const rows = await db
    .selectFrom("builds")
    .select(["id", "ended_at"])
    .where("id", "in", [...held.keys()])
    .execute();
  const endedAt = new Map(rows.map(({ id, ended_at }) => [id, ended_at]));
  for (const [id, since] of held) {
    const isOver = endedAt.has(id) ? endedAt.get(id) !== null : Date.now() - since > writingMilliseconds;
    if (isOver) credentials.drop(id);
  }
}
