import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { checkOwner } from "../../access/authorize.ts";
import { parseRegistryAuth, registryAuthHeader } from "../../access/request-credentials.ts";
import { removeArtifact } from "../../catalogue/artifacts.ts";
import { askForBuild } from "../../catalogue/ask-for-build.ts";
import { buildRequestSchema, type BuildRequestBody } from "../../catalogue/build-request.ts";
import { buildNotFound, deleteBuild, listBuilds, requestCancel, type Build } from "../../catalogue/builds.ts";
import { isBuildId } from "../../catalogue/build-id.ts";
import { ServerError } from "../../errors.ts";
import type { ServerContext } from "../../server-context.ts";
import { json, linkNext, nothing, problems, sendNotModified } from "../answers.ts";
import type { App } from "../app.ts";
import { buildAnswer, buildEtag, buildListSchema, buildSchema, buildStateSchema } from "../build-answer.ts";
import { evaluatePreconditions } from "../preconditions.ts";

const tags = ["builds"];
/** A text that is no id at all names no build: 404, as an id that was deleted. */
export const buildParameters: z.ZodType<{ id: string }> = z.object({
  id: z.string().max(64).meta({ description: "Of the build" }),
});

const listQuery = z.strictObject({
  state: z
    .union([buildStateSchema, z.array(buildStateSchema)])
    .transform((states) => [states].flat())
    .optional()
    .meta({ description: "Any of these states" }),
  source: z.string().max(1024).optional().meta({ description: "A part of the source's name" }),
  format: z.enum(["ext4", "squashfs"]).optional(),
  after: z.string().max(64).optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** What else a request's head holds is not looked at here. */
export const registryAuth: z.ZodType<{ [registryAuthHeader]?: string | undefined }> = z.object({
  [registryAuthHeader]: z.string().optional().meta({
    description:
      "For the source's registry, or the one that a disk is pushed to, and this request alone: base64url of JSON with `username` and `password`, or `identitytoken`",
  }),
});

export function buildRoutes(app: App, context: ServerContext): void {
  const { database } = context;

  app.post(
    "/v1/builds",
    {
      config: { scope: "build" },
      schema: {
        tags,
        operationId: "createBuild",
        summary: "Ask for a disk",
        description:
          "An equal request that is under way is joined: the answer names its build. So it does for a finished one whose image has not changed.",
        headers: registryAuth,
        body: buildRequestSchema,
        response: {
          200: json("The disk is there already", buildSchema),
          202: json("The build is queued or under way", buildSchema),
          ...problems(403, 404, 413, 415, 422, 502, 507),
        },
      },
    },
    async (request, reply) => answerAsked(context, request.body, request, reply),
  );

  app.get(
    "/v1/builds",
    {
      config: { scope: "read" },
      schema: {
        tags,
        operationId: "listBuilds",
        summary: "List builds, the newest first",
        querystring: listQuery,
        response: { 200: json("A page; `Link` names the next", buildListSchema), ...problems() },
      },
    },
    async ({ query: { state: states, after, ...filter } }, reply) => {
      if (after !== undefined && !isBuildId(after))
        throw new ServerError(
          "REQUEST_INVALID",
          `after: ${after} is no cursor`,
          "use `next` of the page before",
        );
      const { builds, next } = await listBuilds(database.db, { ...filter, states, after });
      linkNext(reply, next);
      return reply.header("cache-control", "no-cache").send({ builds: builds.map(buildAnswer), next });
    },
  );

  app.get(
    "/v1/builds/:id",
    {
      config: { scope: "read" },
      schema: {
        tags,
        operationId: "getBuild",
        summary: "See one build",
        params: buildParameters,
        response: {
          200: json("The build as it stands", buildSchema),
          304: nothing("It has not changed since `If-None-Match`"),
          ...problems(404, 412),
        },
      },
    },
    async (request, reply) => {
      const build = await knownBuild(context, request.params.id);
      const etag = buildEtag(build);
      reply.header("etag", etag).header("cache-control", "private, no-cache");
      const { "if-none-match": ifNoneMatch } = request.headers;
      // A state has no strong tag: only If-None-Match, which compares weakly, can hold.
      const headers = ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch };
      if (evaluatePreconditions(headers, { etag: etag.slice(2) }) === "not-modified")
        return sendNotModified(reply);
      return reply.send(buildAnswer(build));
    },
  );

  app.delete(
    "/v1/builds/:id",
    {
      config: { scope: "build" },
      schema: {
        tags,
        operationId: "deleteBuild",
        summary: "Take an ended build out of the list",
        description: "Its disk goes with it, unless another build is of the same disk.",
        params: buildParameters,
        response: { 204: nothing("It is gone"), ...problems(404, 409, 502) },
      },
    },
    async (request, reply) => {
      const { id, tokenId } = await knownBuild(context, request.params.id);
      checkOwner(request, tokenId);
      const { orphanedKey } = await deleteBuild(database.db, id);
      if (orphanedKey !== undefined) await removeArtifact(database.db, context.artifacts, orphanedKey);
      return reply.status(204).send(null);
    },
  );

  app.post(
    "/v1/builds/:id/cancel",
    {
      config: { scope: "build" },
      schema: {
        tags,
        operationId: "cancelBuild",
        summary: "End a build that is queued or under way",
        params: buildParameters,
        response: {
          200: json("It is cancelled", buildSchema),
          202: json("Its worker has been told", buildSchema),
          ...problems(404, 409),
        },
      },
    },
    async (request, reply) => {
      const { id, tokenId } = await knownBuild(context, request.params.id);
      checkOwner(request, tokenId);
      const build = await requestCancel(database, id, context.metrics);
      return reply.status(build.state === "cancelled" ? 200 : 202).send(buildAnswer(build));
    },
  );

  app.post(
    "/v1/builds/:id/retry",
    {
      config: { scope: "build" },
      schema: {
        tags,
        operationId: "retryBuild",
        summary: "Ask once more for a disk whose build failed or was cancelled",
        headers: registryAuth,
        params: buildParameters,
        response: {
          200: json("The disk is there meanwhile", buildSchema),
          202: json("The new build", buildSchema),
          ...problems(404, 409, 502, 507),
        },
      },
    },
    async (request, reply) => {
      const failed = await knownBuild(context, request.params.id);
      if (failed.state !== "failed" && failed.state !== "cancelled")
        throw new ServerError(
          "BUILD_STATE",
          `build ${failed.id} is ${failed.state}: there is nothing to retry`,
          failed.state === "ready" ? "ask for it again instead" : "wait for its end, or cancel it",
        );
      return answerAsked(context, failed.request, request, reply);
    },
  );
}

/** Asks for a disk in the name of who sends the request, with its credentials, and answers with the build. */
async function answerAsked(
  context: ServerContext,
  wanted: BuildRequestBody,
  { token, headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { build } = await askForBuild(context, wanted, {
    tokenId: token?.id,
    credentials: parseRegistryAuth(headers[registryAuthHeader]),
  });
  return reply
    .status(build.state === "ready" ? 200 : 202)
    .header("location", `/v1/builds/${build.id}`)
    .send(buildAnswer(build));
}

/** @throws {ServerError} BUILD_NOT_FOUND */
export async function knownBuild({ findBuild }: ServerContext, id: string): Promise<Build> {
  const build = isBuildId(id) ? await findBuild(id) : undefined;
  if (build === undefined) throw buildNotFound(id);
  return build;
}
