import { join } from "node:path";
import { createDurableFile, fileError } from "@bootlayer/durable-file";
import { sql } from "kysely";
import type { OpenDatabase } from "../database/open-database.ts";
import type { ServerSettings } from "../settings.ts";
import { createToken, isUsable, listTokens } from "./tokens.ts";

/** Any number, as long as it is always the same: of servers that share a database one makes the token. */
const lock = 4_711_001;

/**
 * Makes sure that somebody can make tokens: where tokens are asked for and no admin's is usable, makes one and writes its secret into
 * `admin-token` in the store, for the store's owner alone to read. It is to be read and deleted.
 *
 * @returns the file, if one was written. @throws {DurableFileError}
 */
export async function ensureFirstToken(
  { db }: Pick<OpenDatabase, "db">,
  { store, access }: Pick<ServerSettings, "store" | "access">,
): Promise<string | undefined> {
  if (!access.tokens) return undefined;
  return await db.transaction().execute(async (transaction) => {
    await sql`SELECT pg_advisory_xact_lock(${lock})`.execute(transaction);
    const now = new Date();
    const tokens = await listTokens(transaction);
    if (tokens.some((token) => token.scopes.includes("admin") && isUsable(token, now))) return undefined;
    const { secret } = await createToken(transaction, { name: "first", scopes: ["admin"] });
    const path = join(store, "admin-token");
    const file = await createDurableFile(path, { mode: 0o600 });
    try {
      await file.handle.writeFile(`${secret}\n`);
      await file.commit();
    } catch (cause) {
      await file.discard();
      throw fileError(`write ${path}`, cause);
    }
    return path;
  });
}
