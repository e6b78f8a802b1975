import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "./open-database.ts";

async function temporaryStore(): Promise<string> {
  const store = await mkdtemp(join(tmpdir(), "bootlayer-database-"));
  onTestFinished(() => rm(store, { recursive: true, force: true }));
  return store;
}

test("the embedded database is one process's at a time, and keeps what was written", async () => {
  const store = await temporaryStore();
  // Left by a first start that was killed.
  await mkdir(join(store, "database.new-left"));
  await writeFile(join(store, "database.new-left/PG_VERSION"), "18");
  const first = await openDatabase({ store, databaseUrl: undefined });
  expect(
    (await readdir(store)).filter((name) => name.startsWith("database") && !name.endsWith(".lock")),
  ).toEqual(["database"]);
  await first.db.insertInto("servers").values({ id: "a" }).execute();
  await expect(openDatabase({ store, databaseUrl: undefined })).rejects.toMatchObject({
    code: "SERVER_DATABASE",
    message: expect.stringContaining(`process ${process.pid} holds`) as string,
  });
  await first.close();
  const second = await openDatabase({ store, databaseUrl: undefined });
  expect(await second.db.selectFrom("servers").select("id").execute()).toEqual([{ id: "a" }]);
  await second.db
    .insertInto("kysely_migration" as "servers")
    .values({ name: "9999-later", timestamp: "" } as never)
    .execute();
  await second.close();
  await expect(openDatabase({ store, databaseUrl: undefined })).rejects.toMatchObject({
    code: "SERVER_DATABASE",
    message: expect.stringContaining("newer version") as string,
  });
});
