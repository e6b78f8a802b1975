import type { Kysely } from "kysely";
import type { PgBoss } from "pg-boss";
import type { ServerSettings } from "../settings.ts";
import { openEmbedded } from "./open-embedded.ts";
import { openPostgresql } from "./open-postgresql.ts";
import type { Database } from "./schema.ts";

/** The catalogue's tables and the queue of jobs, in one PostgreSQL. */
export interface OpenDatabase {
  readonly kind: "embedded" | "postgresql";
  readonly db: Kysely<Database>;
  /** Started; it schedules and supervises, and works on nothing until asked. */
  readonly boss: PgBoss;
  /**
   * Calls for each payload that anyone sends to the channel from now on. Messages are lost while a connection is broken, so a
   * listener also looks by itself now and then. Returns what ends it.
   */
  listen(channel: string, onPayload: (payload: string) => void): Promise<() => Promise<void>>;
  /** Tells all listeners of all servers: at once, or when the transaction has been committed. */
  notify(channel: string, payload: string, transaction?: Kysely<Database>): Promise<void>;
  /** @throws {ServerError} SERVER_DATABASE */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the PostgreSQL of `databaseUrl`, or else the embedded one in `<store>/database`, and brings its tables up to date.
 *
 * @throws {ServerError} SERVER_DATABASE: it does not answer, another process holds the embedded one, or a newer version made it.
 */
export async function openDatabase(
  settings: Pick<ServerSettings, "store" | "databaseUrl">,
): Promise<OpenDatabase> {
  return settings.databaseUrl === undefined
    ? openEmbedded(settings.store)
    : openPostgresql(settings.databaseUrl);
}
