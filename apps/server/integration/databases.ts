import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePostgresql, startPostgresql, type TestPostgresql } from "@bootlayer/test-fixtures";
import { openDatabase, type OpenDatabase } from "../src/database/open-database.ts";
import { withEmptyDatabase } from "./template-database.ts";

const postgresql = requirePostgresql();

/** What tests of SQL run on: `describe.for(databases)`. */
export const databases: readonly { readonly name: string; readonly skip: boolean }[] = [
  { name: "embedded", skip: false },
  { name: `postgresql${postgresql.reason}`, skip: postgresql.skip },
];

export interface TestDatabase {
  readonly database: OpenDatabase;
  readonly store: string;
  readonly databaseUrl: string | undefined;
  close(): Promise<void>;
}

/** A new, empty database of a kind. */
export async function openTestDatabase(kind: string): Promise<TestDatabase> {
  const store = await mkdtemp(join(tmpdir(), "bootlayer-server-"));
  let server: TestPostgresql | undefined;
  if (kind.startsWith("postgresql")) server = await startPostgresql();
  const databaseUrl = server && (await server.createDatabase(`t${randomUUID().slice(0, 8)}`));
  if (databaseUrl === undefined) await withEmptyDatabase(store);
  const database = await openDatabase({ store, databaseUrl });
  return {
    database,
    store,
    databaseUrl,
    async close() {
      await database.close();
      await server?.close();
      await rm(store, { recursive: true, force: true });
    },
  };
}
