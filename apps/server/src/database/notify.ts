import { sql, type Kysely } from "kysely";
import { ServerError } from "../errors.ts";
import type { Database } from "./schema.ts";

/** A build has new events, or another state: its id. */
export const buildChannel = "bootlayer_build";
/** Somebody wants a build that is under way to end: its id. */
export const cancelChannel = "bootlayer_cancel";

/** In a transaction the message goes out when it has been committed, and not at all otherwise. */
export async function notify(db: Kysely<Database>, channel: string, payload: string): Promise<void> {
  await sql`SELECT pg_notify(${channel}, ${payload})`.execute(db);
}

/** @throws {ServerError} SERVER_DATABASE */
export async function ping(db: Kysely<Database>): Promise<void> {
  try {
    await sql`SELECT 1`.execute(db);
  } catch (cause) {
    throw databaseError("the database does not answer", cause);
  }
}

export function databaseError(what: string, cause: unknown): ServerError {
  const reason = cause instanceof Error ? cause.message || String(Reflect.get(cause, "code")) : String(cause);
  return new ServerError(
    "SERVER_DATABASE",
    `${what}: ${reason}`,
    "see whether it runs and whether DATABASE_URL is right",
    {
      cause,
    },
  );
}
