import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase, type OpenDatabase } from "../database/open-database.ts";
import { ensureFirstToken } from "./first-token.ts";
import { changeTokens } from "./token-command.ts";
import { isUsable, listTokens, revokeToken, tokenFinder } from "./tokens.ts";
import { withEmptyDatabase } from "../../integration/template-database.ts";

let store: string;
let database: OpenDatabase;
let findToken: ReturnType<typeof tokenFinder>;
beforeAll(async () => {
  store = await mkdtemp(join(tmpdir(), "bootlayer-first-token-"));
  database = await openDatabase({ store: await withEmptyDatabase(store), databaseUrl: undefined });
  findToken = tokenFinder(database);
});
afterAll(async () => {
  await database.close();
  await rm(store, { recursive: true });
});

const run = (...args: string[]): Promise<string> => changeTokens(database, args);
const access = (tokens: boolean) => ({ tokens, privateSources: false });

async function secretIn(file: string | undefined): Promise<string> {
  return (await readFile(file ?? "", "utf8")).trim();
}

test("where tokens are off no token is made", async () => {
  expect(await ensureFirstToken(database, { store, access: access(false) })).toBeUndefined();
  expect(await readdir(store)).not.toContain("admin-token");
});

test("the first start writes an admin's token for the store's owner alone, the second none", async () => {
  const starts = await Promise.all(
    [1, 2, 3].map(() => ensureFirstToken(database, { store, access: access(true) })),
  );
  const [file, ...others] = starts.filter((written) => written !== undefined);
  expect([file, others]).toEqual([join(store, "admin-token"), []]);
  expect((await stat(file ?? "")).mode & 0o777).toBe(0o600);
  expect(await findToken(await secretIn(file))).toMatchObject({
    name: "first",
    scopes: ["admin"],
  });
});

test("when no admin's token is usable any more, the next start makes one anew", async () => {
  for (const { id } of await listTokens(database.db)) await revokeToken(database.db, id);
  await run("create", "--name", "ci", "--scope", "read,build");
  const file = await ensureFirstToken(database, { store, access: access(true) });
  const found = await findToken(await secretIn(file));
  expect(found && isUsable(found, new Date())).toBe(true);
});

test("create tells id and secret; list tells all but the secret; revoke ends it", async () => {
  const [id = "", secret = ""] = (
    await run("create", "--name", "a b", "--scope", "push,read", "--days", "7")
  ).split("\n");
  const found = await findToken(secret);
  expect(found).toMatchObject({ id, name: "a b", scopes: ["read", "push"] });
  const days = ((found?.expiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
  expect(days).toBeCloseTo(7, 2);
  const listed = await run("list");
  expect(listed).toMatch(new RegExp(`^${id}\tusable\tread,push\texpires=\\S+\tused=never\t"a b"$`, "m"));
  expect(listed).not.toContain(secret.slice(4));
  expect(await run("revoke", id)).toBe("");
  expect(await run("list")).toContain(`${id}\trevoked`);
});

test.each([
  [],
  ["make"],
  ["create"],
  ["create", "--name", "a"],
  ["create", "--name", "a", "--scope", "root"],
  ["create", "--name", "a", "--scope", ""],
  ["create", "--name", "a", "--scope", "read", "--days", "0"],
  ["create", "--name", "a", "--scope", "read", "--unknown"],
  ["create", "--name", "", "--scope", "read"],
  ["list", "all"],
  ["revoke"],
  ["revoke", "none"],
  ["revoke", "a", "b"],
])("token %s %s %s %s is SERVER_SETTINGS", async (...args) => {
  await expect(run(...args)).rejects.toMatchObject({ code: "SERVER_SETTINGS" });
});
