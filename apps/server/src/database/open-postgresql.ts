import { Kysely, PostgresDialect } from "kysely";
import { Pool, types } from "pg";
import { PgBoss } from "pg-boss";
import { bossOptions, startBoss } from "./boss.ts";
import { listenOn } from "./listen-on.ts";
import { migrate } from "./migrate.ts";
import { databaseError, notify, ping } from "./notify.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { Database } from "./schema.ts";

/** The PostgreSQL at a URL, which other servers may use as well. @throws {ServerError} SERVER_DATABASE */
export async function openPostgresql(url: string): Promise<OpenDatabase> {
  await using opening = new AsyncDisposableStack();
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    application_name: "bootlayer-server",
    types: { getTypeParser },
  });
  // A connection that breaks while nobody uses it; the next query takes another one.
  pool.on("error", () => {});
  opening.defer(() => pool.end());
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  await pool.query("SELECT 1").catch((cause: unknown) => {
    throw databaseError("the database does not answer", cause);
  });
  await migrate(db);
  const boss = new PgBoss({
    ...bossOptions,
    connectionString: url,
    max: 4,
    application_name: "bootlayer-server",
  });
  await startBoss(boss);
  opening.defer(() => boss.stop({ graceful: false, close: true }));
  const listener = await listenOn(url);
  opening.use(listener);
  const opened = opening.move();
  return {
    kind: "postgresql",
    db,
    boss,
    listen: (channel, onPayload) => listener.listen(channel, onPayload),
    notify: (channel, payload, transaction) => notify(transaction ?? db, channel, payload),
    ping: () => ping(db),
    close: () => opened.disposeAsync(),
  };
}

/** Type id of int8 (pg_type.dat). */
const int8 = 20;

/** Sizes fit a number: 2^53 bytes are more than any disk. */
function getTypeParser(id: number, format?: "text" | "binary"): (value: string) => unknown {
  if (id === int8) return Number;
  return types.getTypeParser(id, format ?? "text");
}
