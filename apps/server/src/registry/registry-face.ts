/**
 * The server as a registry: the OCI distribution specification 1.1, end-1 to end-13, on the store's own registry. Images
 * that are pushed here are built under the name that they were pushed to.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answerBase } from "./base.ts";
import { answerBlob } from "./blobs.ts";
import { DistributionError, refusalOf } from "./distribution-error.ts";
import { answerManifest } from "./manifests.ts";
import { openFace, type FaceContext, type RegistryFace } from "./open-face.ts";
import { answerReferrers } from "./referrers.ts";
import { parseRegistryPath, type RegistryPath } from "./registry-path.ts";
import { discardRest } from "./request-body.ts";
import { answerTags } from "./tags.ts";
import { answerUpload, answerUploads } from "./uploads.ts";

/** Adds the routes of `/v2/`. */
export async function registryFace(app: FastifyInstance, context: FaceContext): Promise<void> {
  let opened: Promise<RegistryFace> | undefined;
  function face(): Promise<RegistryFace> {
    opened ??= openFace(context, app.server.address(), app.log).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  }
  // What came in before a restart is held from the start on, before anybody collects garbage.
  app.addHook("onListen", async () => void (await face()));
  app.addHook("onClose", async () => {
    const open = await opened?.catch(() => undefined);
    await open?.close();
  });
  // Bodies are read as they come, by whoever keeps them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.setErrorHandler(answerError);

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.header("docker-distribution-api-version", "registry/2.0");
    const [path = ""] = (request.raw.url ?? "").split("?", 1);
    const resource = parseRegistryPath(path);
    if (!resource) throw new DistributionError(404, "UNSUPPORTED", "there is no such endpoint");
    return answerResource(await face(), resource, request, reply);
  }
  for (const url of ["/v2", "/v2/*"]) {
    const route = { url, handler: answer, exposeHeadRoute: false };
    app.route({ ...route, method: ["GET", "HEAD"], config: { scope: "read" } });
    app.route({ ...route, method: ["POST", "PUT", "PATCH", "DELETE"], config: { scope: "push" } });
  }
}

async function answerResource(
  face: RegistryFace,
  resource: RegistryPath,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  switch (resource.kind) {
    case "base":
      return answerBase(request, reply);
    case "blob":
      return answerBlob(face, resource, request, reply);
    case "uploads":
      return answerUploads(face, resource, request, reply);
    case "upload":
      return answerUpload(face, resource, request, reply);
    case "manifest":
      return answerManifest(face, resource, request, reply);
    case "tags":
      return answerTags(face, resource, request, reply);
    case "referrers":
      return answerReferrers(face, resource, request, reply);
  }
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error);
  if (refusal) request.log.info({ code: refusal.code, detail: refusal.message }, "refused");
  else request.log.error({ err: error }, "the registry face failed");
  discardRest(request);
  for (const name of ["content-length", "content-range", "etag"]) reply.removeHeader(name);
  const { code = "UNSUPPORTED", message = "the server failed at this", detail } = refusal ?? {};
  const content = { code, message, ...(detail === undefined ? {} : { detail }) };
  reply
    .status(refusal?.status ?? 500)
    .headers({ ...refusal?.headers })
    .type("application/json")
    .send(JSON.stringify({ errors: [content] }));
}
