import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePostgresql, startPostgresql, type TestPostgresql } from "@bootlayer/test-fixtures";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listenOn } from "../src/database/listen-on.ts";
import { openDatabase } from "../src/database/open-database.ts";

const judge = requirePostgresql();

describe.skipIf(judge.skip)(`one PostgreSQL of several servers${judge.reason}`, () => {
  let server: TestPostgresql;

  beforeAll(async () => {
    server = await startPostgresql();
  });
  afterAll(() => server.close());

  test("servers that start at once on an empty database migrate it once, and all of them work", async () => {
    const databaseUrl = await server.createDatabase(`t${randomUUID().slice(0, 8)}`);
    const open = (name: string) => openDatabase({ store: `/nonexistent/${name}`, databaseUrl });
    const [first, ...others] = await Promise.all([open("a"), open("b"), open("c")]);
    const opened = [first, ...others];
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(first.db);
    expect(rows).toEqual([{ name: "0001-builds" }]);
    for (const [at, { db }] of opened.entries())
      await db
        .insertInto("servers")
        .values({ id: `server ${at}` })
        .execute();
    for (const { db } of opened)
      expect(await db.selectFrom("servers").select("id").execute()).toHaveLength(3);
    for (const database of opened) await database.close();
  });

  test("who listens does so again after the connection was cut", async () => {
    const databaseUrl = await server.createDatabase(`t${randomUUID().slice(0, 8)}`);
    const database = await openDatabase({ store: "/nonexistent", databaseUrl });
    const listener = await listenOn(databaseUrl);
    const heard: string[] = [];
    await listener.listen("bootlayer_cut", (payload) => heard.push(payload));
    const listening = async (): Promise<readonly number[]> => {
      const { rows } = await sql<{ pid: number }>`
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'bootlayer-server listen'`.execute(
        database.db,
      );
      return rows.map(({ pid }) => pid);
    };
    await database.notify("bootlayer_cut", "before");
    while (heard.length === 0) await sleep(10);
    const cut = await listening();
    // The database's own listener, and this one.
    expect(cut).toHaveLength(2);
    for (const pid of cut) await sql`SELECT pg_terminate_backend(${pid})`.execute(database.db);
    while (!heard.includes("after")) {
      await database.notify("bootlayer_cut", "after");
      await sleep(100);
    }
    expect((await listening()).filter((pid) => cut.includes(pid))).toEqual([]);
    await listener[Symbol.asyncDispose]();
    await database.close();
  });
});
