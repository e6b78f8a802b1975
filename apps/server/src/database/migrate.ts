import type { Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { ServerError } from "../errors.ts";
import { builds } from "./migrations/0001-builds.ts";
import type { Database } from "./schema.ts";

/** By name, in order; one that has been released never changes. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001-builds": builds,
};

/**
 * Brings the tables up to this version. Servers that start at once wait for each other (a lock of the database).
 *
 * @throws {ServerError} SERVER_DATABASE: made by a newer version, or a migration fails (and none of them has happened).
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === "Error");
  const reason = error instanceof Error ? error.message : JSON.stringify(error);
  // Kysely's word for a migration that was run and is not known here.
  if (failed === undefined && reason.startsWith("corrupted migrations"))
    throw new ServerError(
      "SERVER_DATABASE",
      `the database was made by a newer version: ${reason}`,
      "start the version that wrote it, or one after it",
      { cause: error },
    );
  throw new ServerError(
    "SERVER_DATABASE",
    `migration ${failed?.migrationName ?? ""} failed: ${reason}`,
    "nothing was changed; see the cause, then start again",
    { cause: error },
  );
}
