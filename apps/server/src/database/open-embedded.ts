import { stat } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import { fromPglite, PgBoss } from "pg-boss";
import { bossOptions, startBoss } from "./boss.ts";
import { createEmbedded } from "./create-embedded.ts";
import { holdStore } from "./hold-store.ts";
import { migrate } from "./migrate.ts";
import { databaseError, notify, ping } from "./notify.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { Database } from "./schema.ts";

/** Type id of int8 in every PostgreSQL (pg_type.dat). */
const int8 = 20;

/** Of PostgreSQL's own cache, all of which is this process's memory at once. Beneath it the system caches the same files. */
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"];

/** The PostgreSQL that runs in this process. @throws {ServerError} SERVER_DATABASE. @throws {DurableFileError} */
export async function openEmbedded(store: string): Promise<OpenDatabase> {
  await using opening = new AsyncDisposableStack();
  opening.use(await holdStore(store, "database"));
  const directory = join(store, "database");
  const pglite = await openDirectory(store, directory).catch((cause: unknown) => {
    throw databaseError(`the embedded database in ${directory} cannot be opened`, cause);
  });
  opening.defer(() => pglite.close());
  const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite }) });
  await migrate(db);
  const boss = new PgBoss({ ...bossOptions, db: fromPglite(pglite), backend: "pglite" });
  await startBoss(boss);
  opening.defer(() => boss.stop({ graceful: false, close: false }));
  const opened = opening.move();
  return {
    kind: "embedded",
    db,
    boss,
    listen: async (channel, onPayload) => {
      const end = await pglite.listen(channel, onPayload);
      return async () => {
        if (!pglite.closed) await end();
      };
    },
    notify: (channel, payload, transaction) => notify(transaction ?? db, channel, payload),
    ping: () => ping(db),
    close: () => opened.disposeAsync(),
  };
}

async function openDirectory(store: string, directory: string): Promise<PGlite> {
  const isThere = await stat(join(directory, "PG_VERSION")).catch(() => undefined);
  if (isThere === undefined) await createEmbedded(store, directory);
  return await PGlite.create({ dataDir: directory, parsers: { [int8]: Number }, startParams });
}
