import { createHash, randomBytes, randomUUID } from "node:crypto";
import { sql, type Kysely, type Selectable } from "kysely";
import { batchReads } from "../database/batch-reads.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import type { Database, TokenTable } from "../database/schema.ts";
import { scopes, type Scope } from "./scopes.ts";

/** A token as it is kept: without its secret, of which only a hash is. */
export interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  /** Undefined: never. */
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** To the minute. */
  readonly usedAt: Date | undefined;
}

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | undefined;
}

/** `blt_` and 256 bits: the beginning lets scanners of repositories know one that was committed. */
const secretPattern = /^blt_[\w-]{43}$/;

/** Last uses are told to the minute, so that reading is not writing. */
const useMilliseconds = 60_000;

/** The secret is told here and never again. */
export async function createToken(
  db: Kysely<Database>,
  { name, scopes: granted, expiresAt }: NewToken,
): Promise<{ readonly token: Token; readonly secret: string }> {
  const secret = `blt_${randomBytes(32).toString("base64url")}`;
  const row = await db
    .insertInto("tokens")
    .values({
      id: randomUUID(),
      name,
      secret_sha256: hashOf(secret),
      scopes: JSON.stringify(scopes.filter((scope) => granted.includes(scope))),
      expires_at: expiresAt ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { token: tokenOf(row), secret };
}

/** The newest first, those that are of no more use included. */
export async function listTokens(db: Kysely<Database>): Promise<readonly Token[]> {
  const rows = await db
    .selectFrom("tokens")
    .selectAll()
    .orderBy("created_at", "desc")
    .orderBy("id")
    .execute();
  return rows.map(tokenOf);
}

/** From now on it is refused; to revoke it again changes nothing. Undefined: there is no such token. */
export async function revokeToken(db: Kysely<Database>, id: string): Promise<Token | undefined> {
  const row = await db
    .updateTable("tokens")
    .set((of) => ({ revoked_at: of.fn.coalesce("revoked_at", of.val(new Date())) }))
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  return row && tokenOf(row);
}

/**
 * Finds the token of a secret, also one that has expired or was revoked: see `isUsable`. It is looked up by its hash, so how long that
 * takes says nothing of the secrets that there are.
 */
export function tokenFinder(
  database: Pick<OpenDatabase, "db" | "kind">,
): (secret: string) => Promise<Token | undefined> {
  const find = batchReads(database.kind, async (hashes) => {
    const rows = await database.db
      .selectFrom("tokens")
      .selectAll()
      .where(sql<boolean>`secret_sha256 = ANY(${hashes})`)
      .execute();
    return new Map(rows.map((row) => [row.secret_sha256, tokenOf(row)]));
  });
  return async (secret) => (secretPattern.test(secret) ? find(hashOf(secret)) : undefined);
}

export function isUsable({ expiresAt, revokedAt }: Token, now: Date): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt);
}

/** Writes down that it is used, unless that was done within the last minute. */
export async function noteUse(db: Kysely<Database>, { id, usedAt }: Token, now: Date): Promise<void> {
  const minuteAgo = new Date(now.getTime() - useMilliseconds);
  if (usedAt !== undefined && usedAt > minuteAgo) return;
  await db
    .updateTable("tokens")
    .set({ used_at: now })
    .where("id", "=", id)
    .where((where) => where.or([where("used_at", "is", null), where("used_at", "<=", minuteAgo)]))
    .execute();
}

/** The secret has 256 bits of chance: a slow hash would add nothing but load. */
function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function tokenOf(row: Selectable<TokenTable>): Token {
  return {
    id: row.id,
    name: row.name,
    // What a newer version may have written beside is not ours to grant.
    scopes: scopes.filter((scope) => row.scopes.includes(scope)),
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    usedAt: row.used_at ?? undefined,
  };
}
