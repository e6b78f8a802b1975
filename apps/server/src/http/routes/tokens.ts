import * as z from "zod";
import { scopes } from "../../access/scopes.ts";
import { createToken, listTokens, revokeToken, type Token } from "../../access/tokens.ts";
import { ServerError } from "../../errors.ts";
import type { ServerContext } from "../../server-context.ts";
import { json, nothing, problems } from "../answers.ts";
import type { App } from "../app.ts";

const tags = ["tokens"];
const time = z.iso.datetime();
const longestSeconds = 10 * 366 * 24 * 3600;

const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    createdAt: time,
    expiresAt: time.optional(),
    revokedAt: time.optional(),
    usedAt: time.optional().meta({ description: "To the minute" }),
  })
  .meta({ id: "Token", description: "What lets a client in, without its secret" });

const newTokenSchema = z
  .strictObject({
    name: z.string().min(1).max(100).meta({ description: "Whose it is", example: "ci" }),
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
    expiresInSeconds: z.int().min(1).max(longestSeconds).optional().meta({ description: "Absent: never" }),
  })
  .meta({ id: "NewToken" });

const createdSchema = z
  .object({ token: tokenSchema, secret: z.string().meta({ description: "Shown here and never again" }) })
  .meta({ id: "CreatedToken" });

const listSchema = z.object({ tokens: z.array(tokenSchema) }).meta({ id: "TokenList" });

export function tokenRoutes(app: App, context: ServerContext): void {
  app.post(
    "/v1/tokens",
    {
      config: { scope: "admin" },
      schema: {
        tags,
        operationId: "createToken",
        summary: "Make a token; the answer alone holds its secret",
        body: newTokenSchema,
        response: { 201: json("The token and its secret", createdSchema), ...problems(413, 415) },
      },
    },
    async ({ body: { name, scopes, expiresInSeconds } }, reply) => {
      const expiresAt =
        expiresInSeconds === undefined ? undefined : new Date(Date.now() + expiresInSeconds * 1000);
      const { token, secret } = await createToken(context.database.db, { name, scopes, expiresAt });
      return reply
        .status(201)
        .header("cache-control", "no-store")
        .send({ token: tokenAnswer(token), secret });
    },
  );

  app.get(
    "/v1/tokens",
    {
      config: { scope: "admin" },
      schema: {
        tags,
        operationId: "listTokens",
        summary: "List tokens, expired and revoked ones too",
        response: { 200: json("All of them, the newest first", listSchema), ...problems() },
      },
    },
    async () => ({ tokens: (await listTokens(context.database.db)).map(tokenAnswer) }),
  );

  app.delete(
    "/v1/tokens/:id",
    {
      config: { scope: "admin" },
      schema: {
        tags,
        operationId: "revokeToken",
        summary: "Refuse a token from now on",
        params: z.object({ id: z.string().max(64).meta({ description: "Of the token, not its secret" }) }),
        response: { 204: nothing("It is refused"), ...problems(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      if ((await revokeToken(context.database.db, id)) === undefined)
        throw new ServerError("TOKEN_NOT_FOUND", `there is no token ${id}`, "list the tokens that there are");
      return reply.status(204).send(null);
    },
  );
}

function tokenAnswer({ id, name, scopes, ...times }: Token): z.output<typeof tokenSchema> {
  return {
    id,
    name,
    scopes: [...scopes],
    createdAt: times.createdAt.toISOString(),
    expiresAt: times.expiresAt?.toISOString(),
    revokedAt: times.revokedAt?.toISOString(),
    usedAt: times.usedAt?.toISOString(),
  };
}
