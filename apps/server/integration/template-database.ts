import { createHash } from "node:crypto";
import { cp, glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedDirectory, workspaceCache } from "@bootlayer/test-fixtures";
import { openDatabase } from "../src/database/open-database.ts";

const server = join(import.meta.dirname, "..");

/**
 * Puts an empty embedded database into a store, as a first start leaves it: a copy of one that is made once, since making one takes
 * seconds. Answers with the store.
 */
export async function withEmptyDatabase(store: string): Promise<string> {
  const name = `server-database-${await whatDecidesIt()}`;
  const template = await cachedDirectory(join(await workspaceCache(), name), async (directory) => {
    const aside = await mkdtemp(join(tmpdir(), "bootlayer-template-"));
    try {
      await (await openDatabase({ store: aside, databaseUrl: undefined })).close();
      await cp(join(aside, "database"), directory, { recursive: true });
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  });
  await cp(template, join(store, "database"), { recursive: true });
  return store;
}

/** The tables, and the versions of what makes them. */
async function whatDecidesIt(): Promise<string> {
  const sources = await Array.fromAsync(glob("src/database/**/*.ts", { cwd: server }));
  const hash = createHash("sha256");
  for (const source of ["package.json", ...sources.toSorted()])
    hash.update(await readFile(join(server, source)));
  return hash.digest("hex").slice(0, 16);
}
