import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { findArtifact, touchArtifact, withDisk, type ReadyArtifact } from "../../catalogue/artifacts.ts";
import type { Build } from "../../catalogue/builds.ts";
import { ServerError } from "../../errors.ts";
import type { ServerContext } from "../../server-context.ts";
import { acceptsZstd } from "../accepts-zstd.ts";
import { bytes, nothing, problems, sendNotModified } from "../answers.ts";
import type { App } from "../app.ts";
import { parseByteRange } from "../byte-range.ts";
import { diskFileName } from "../disk-file-name.ts";
import { evaluatePreconditions, ifRangeHolds } from "../preconditions.ts";
import { compressSparse } from "../sparse-zstd.ts";
import { buildParameters, knownBuild } from "./builds.ts";

const mediaType = "application/octet-stream";
const presignedSeconds = 15 * 60;
/** A client that takes nothing for so long is cut off; it may go on with Range. */
const patienceMilliseconds = 120_000;

export function buildImageRoutes(app: App, context: ServerContext): void {
  const schema = {
    tags: ["images"],
    params: buildParameters,
    querystring: z.strictObject({
      redirect: z
        .enum(["0", "1"])
        .default("0")
        .meta({ description: "1: be sent to the store itself, where it gives out addresses" }),
    }),
  };

  app.get(
    "/v1/builds/:id/image",
    {
      config: { scope: "read" },
      exposeHeadRoute: false,
      schema: {
        ...schema,
        operationId: "downloadImage",
        summary: "Download the disk of a finished build",
        description:
          "Range and If-Range for one range, If-Match, If-None-Match and their dates. A client that takes `Content-Encoding: zstd` and asks " +
          "for no range is sent the whole disk so, in which holes are next to nothing. The entity tag is the sha256 of the whole disk.",
        response: {
          200: bytes("The whole disk", mediaType),
          206: bytes("A part of it", mediaType),
          304: nothing("The client has it"),
          307: nothing("`Location` is where it lies, for a quarter of an hour"),
          ...problems(404, 409, 410, 412, 416, 502),
        },
      },
    },
    async (request, reply) =>
      answerImage(context, request.params.id, request.query.redirect === "1", request, reply),
  );

  app.head(
    "/v1/builds/:id/image",
    { config: { scope: "read" }, schema: { ...schema, hide: true } },
    async (request, reply) =>
      answerImage(context, request.params.id, request.query.redirect === "1", request, reply),
  );
}

async function answerImage(
  context: ServerContext,
  id: string,
  mayRedirect: boolean,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { artifact, fileName } = await readyImage(context, id);
  const { headers, method } = request;
  const identity = `"${artifact.sha256}"`;
  const coded = `"${artifact.sha256}-zstd"`;
  const range = parseByteRange(method === "GET" ? headers.range : undefined, artifact.bytes);
  const isCoded =
    range.kind === "whole" && headers.range === undefined && acceptsZstd(headers["accept-encoding"]);
  const etag = isCoded ? coded : identity;
  const validators = { etag, otherEtags: [identity, coded], modified: artifact.createdAt };
  reply
    .header("etag", etag)
    .header("last-modified", artifact.createdAt.toUTCString())
    .header("accept-ranges", "bytes")
    .header("cache-control", "private, no-cache")
    .header("vary", "accept-encoding")
    .header("x-content-sha256", artifact.sha256);

  const precondition = evaluatePreconditions(headers, validators);
  if (precondition === "failed")
    throw new ServerError(
      "PRECONDITION_FAILED",
      `the disk of ${id} is ${identity}`,
      "download it without condition",
    );
  if (precondition === "not-modified") return sendNotModified(reply);

  if (mayRedirect && context.artifacts.presign) {
    const address = await context.artifacts.presign(artifact.location, {
      expiresSeconds: presignedSeconds,
      fileName,
    });
    // `null` would be sent as JSON: only 204 has no body by itself.
    return reply.status(307).header("location", address).header("cache-control", "no-store").send();
  }

  reply.type(mediaType).header("content-disposition", `attachment; filename="${fileName}"`);
  if (!isCoded)
    reply.header("repr-digest", `sha-256=:${Buffer.from(artifact.sha256, "hex").toString("base64")}:`);
  const isPart =
    range.kind !== "whole" &&
    ifRangeHolds(headers["if-range"]?.toString(), { etag: identity, modified: artifact.createdAt });
  if (isPart && range.kind === "unsatisfiable") {
    reply.header("content-range", `bytes */${artifact.bytes}`);
    throw new ServerError(
      "RANGE_UNSATISFIABLE",
      `${headers.range ?? ""} is not one range within ${artifact.bytes} bytes`,
      "ask for one range that begins before the end",
    );
  }
  const { start, end } = isPart && range.kind === "part" ? range : { start: 0, end: artifact.bytes };
  if (isPart) reply.status(206).header("content-range", `bytes ${start}-${end - 1}/${artifact.bytes}`);
  if (isCoded) reply.header("content-encoding", "zstd");
  else reply.header("content-length", end - start);
  if (method === "HEAD") return reply.send(null);

  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort()).setTimeout(patienceMilliseconds, () => reply.raw.destroy());
  const { artifacts, database } = context;
  const open = (start: number, end: number): Promise<AsyncIterable<Uint8Array>> =>
    withDisk(database.db, artifacts, artifact.key, () =>
      artifacts.open(artifact.location, { start, end }, gone.signal),
    );
  if (isCoded) return reply.send(compressSparse({ ...artifact, open }));
  return reply.send(Readable.from(await open(start, end), { objectMode: false }));
}

/** @throws {ServerError} BUILD_NOT_FOUND; BUILD_STATE before it is ready; ARTIFACT_NOT_FOUND once the disk was removed. */
export async function readyImage(
  context: ServerContext,
  id: string,
): Promise<{ readonly build: Build; readonly artifact: ReadyArtifact; readonly fileName: string }> {
  const build = await knownBuild(context, id);
  if (build.state !== "ready" || build.buildKey === undefined)
    throw new ServerError(
      "BUILD_STATE",
      `build ${id} is ${build.state}: it has no disk`,
      build.state === "failed" || build.state === "cancelled"
        ? "retry it"
        : "watch its events until it is ready",
    );
  const { db } = context.database;
  const artifact = await findArtifact(db, build.buildKey);
  if (artifact === undefined)
    throw new ServerError("ARTIFACT_NOT_FOUND", `the disk of build ${id} was removed`, "ask for it again");
  // Retention goes by this; to the minute is enough, and reading is not writing.
  if (Date.now() - artifact.usedAt.getTime() > 60_000) await touchArtifact(db, artifact.key);
  return { build, artifact, fileName: diskFileName(build.request) };
}
