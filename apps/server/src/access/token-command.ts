import { parseArgs } from "node:util";
import * as z from "zod";
import type { OpenDatabase } from "../database/open-database.ts";
import { ServerError } from "../errors.ts";
import { scopes } from "./scopes.ts";
import { createToken, isUsable, listTokens, revokeToken, type Token } from "./tokens.ts";

export const tokenCommandHelp: string = `bootlayer-server token create --name NAME --scope SCOPE[,SCOPE...] [--days N]
bootlayer-server token list
bootlayer-server token revoke ID

Scopes: ${scopes.join(", ")}. The database is the server's (--store or --database-url): the embedded one only while no server runs on
it; while one does, /v1/tokens does the same.
`;

const day = 24 * 60 * 60 * 1000;

const createSchema = z.strictObject({
  name: z.string().min(1).max(100),
  scope: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(scopes)).min(1)),
  days: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, "is no number of days")
    .transform(Number)
    .optional(),
});

/**
 * What `bootlayer-server token ...` does, on an open database.
 *
 * @returns what to print; of `create` the id and, alone on the last line, the secret. @throws {ServerError} SERVER_SETTINGS.
 */
export async function changeTokens(
  { db }: Pick<OpenDatabase, "db">,
  [verb, ...rest]: readonly string[],
): Promise<string> {
  switch (verb) {
    case "create": {
      const { name, scope, days } = createOptions(rest);
      const expiresAt = days === undefined ? undefined : new Date(Date.now() + days * day);
      const { token, secret } = await createToken(db, { name, scopes: scope, expiresAt });
      return `${token.id}\n${secret}\n`;
    }
    case "list": {
      if (rest.length > 0) throw usage("list takes no arguments");
      const now = new Date();
      return (await listTokens(db)).map((token) => `${line(token, now)}\n`).join("");
    }
    case "revoke": {
      const [id, ...more] = rest;
      if (id === undefined || more.length > 0) throw usage("revoke takes the id of one token");
      if ((await revokeToken(db, id)) === undefined) throw usage(`there is no token ${id}`);
      return "";
    }
    default:
      throw usage(`token ${verb ?? ""} is no command`);
  }
}

function createOptions(args: readonly string[]): z.output<typeof createSchema> {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: { name: text, scope: text, days: text } });
    const { success, data, error } = createSchema.safeParse(values);
    if (success) return data;
    throw usage(z.prettifyError(error));
  } catch (cause) {
    throw cause instanceof ServerError ? cause : usage(cause instanceof Error ? cause.message : "malformed");
  }
}

function line(token: Token, now: Date): string {
  const { id, name, scopes: granted, expiresAt, revokedAt, usedAt } = token;
  const state = revokedAt ? "revoked" : isUsable(token, now) ? "usable" : "expired";
  const expiry = expiresAt?.toISOString() ?? "never";
  const use = usedAt?.toISOString() ?? "never";
  return [id, state, granted.join(","), `expires=${expiry}`, `used=${use}`, JSON.stringify(name)].join("\t");
}

function usage(what: string): ServerError {
  return new ServerError("SERVER_SETTINGS", what, "see bootlayer-server token --help");
}
