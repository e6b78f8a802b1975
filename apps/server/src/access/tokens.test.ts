import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase, type OpenDatabase } from "../database/open-database.ts";
import { createToken, isUsable, listTokens, noteUse, revokeToken, tokenFinder } from "./tokens.ts";
import { withEmptyDatabase } from "../../integration/template-database.ts";

let store: string;
let database: OpenDatabase;
let findToken: ReturnType<typeof tokenFinder>;
beforeAll(async () => {
  store = await mkdtemp(join(tmpdir(), "bootlayer-tokens-"));
  database = await openDatabase({ store: await withEmptyDatabase(store), databaseUrl: undefined });
  findToken = tokenFinder(database);
});
afterAll(async () => {
  await database.close();
  await rm(store, { recursive: true });
});

test("a secret is 256 bits after a mark, told once, and only its hash is kept", async () => {
  const { token, secret } = await createToken(database.db, { name: "ci", scopes: ["build", "read"] });
  expect(secret).toMatch(/^blt_[\w-]{43}$/);
  expect(token).toMatchObject({ name: "ci", scopes: ["read", "build"], usedAt: undefined });
  const rows = await database.db.selectFrom("tokens").selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(secret.slice(4));
  expect(JSON.stringify(await listTokens(database.db))).not.toContain(secret.slice(4));
  expect(await findToken(secret)).toEqual(token);
});

test.each(["", "blt_", "x", `blt_${"A".repeat(43)}`, `blt_${"A".repeat(44)}`, "blt_' OR 1=1 --", "\0"])(
  "%j is nobody's secret",
  async (secret) => {
    expect(await findToken(secret)).toBeUndefined();
  },
);

test("the hash, which a copy of the database gives away, is no secret", async () => {
  await createToken(database.db, { name: "a", scopes: ["read"] });
  const { secret_sha256: hash } = await database.db
    .selectFrom("tokens")
    .select("secret_sha256")
    .executeTakeFirstOrThrow();
  expect(await findToken(hash)).toBeUndefined();
});

test("a token is usable until it expires or is revoked", async () => {
  const expiresAt = new Date("2030-01-01T00:00:00Z");
  const { token } = await createToken(database.db, { name: "a", scopes: ["read"], expiresAt });
  expect(isUsable(token, new Date("2029-12-31T23:59:59Z"))).toBe(true);
  expect(isUsable(token, expiresAt)).toBe(false);
  const revoked = await revokeToken(database.db, token.id);
  expect(revoked && isUsable(revoked, new Date("2029-01-01"))).toBe(false);
});

test("to revoke again changes nothing, and what is not there cannot be revoked", async () => {
  const { token } = await createToken(database.db, { name: "a", scopes: ["read"] });
  const first = await revokeToken(database.db, token.id);
  expect(await revokeToken(database.db, token.id)).toEqual(first);
  expect(await revokeToken(database.db, "none")).toBeUndefined();
});

test("the last use is noted once a minute at most", async () => {
  const { token, secret } = await createToken(database.db, { name: "a", scopes: ["read"] });
  const use = async (at: string): Promise<Date | undefined> => {
    const found = await findToken(secret);
    if (found) await noteUse(database.db, found, new Date(at));
    // As two requests at once have it: what was read before is no reason to write.
    await noteUse(database.db, token, new Date(at));
    return (await findToken(secret))?.usedAt;
  };
  expect(await use("2030-01-01T00:00:00Z")).toEqual(new Date("2030-01-01T00:00:00Z"));
  expect(await use("2030-01-01T00:00:59Z")).toEqual(new Date("2030-01-01T00:00:00Z"));
  expect(await use("2030-01-01T00:01:00Z")).toEqual(new Date("2030-01-01T00:01:00Z"));
});
