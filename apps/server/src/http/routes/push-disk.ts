import * as z from "zod";
import { checkOwner, checkScope } from "../../access/authorize.ts";
import { parseRegistryAuth, registryAuthHeader } from "../../access/request-credentials.ts";
import { allows } from "../../access/scopes.ts";
import { publishBuiltDisk, publishTarget, type PublishedDisk } from "../../publish/publish-built-disk.ts";
import { semaphore } from "../../queue/semaphore.ts";
import type { ServerContext } from "../../server-context.ts";
import { json, problems } from "../answers.ts";
import type { App } from "../app.ts";
import { readyImage } from "./build-image.ts";
import { buildParameters, registryAuth } from "./builds.ts";

const requestSchema = z
  .strictObject({
    reference: z.string().min(1).max(1024).optional().meta({
      description:
        "A repository, with a tag if the disk is to have that name too; default: the source's repository",
      example: "registry.example/team/app",
    }),
  })
  .meta({ id: "PushRequest", description: "Where a disk goes" });

const pushedSchema: z.ZodType<PublishedDisk> = z
  .object({
    reference: z.string().meta({ description: "Repository and tag, or repository and digest" }),
    digest: z.string().meta({ description: "Of the artifact's manifest" }),
    subject: z
      .object({ mediaType: z.string(), digest: z.string(), size: z.int() })
      .meta({ description: "The image's manifest, which the artifact refers to" }),
  })
  .meta({ id: "PushedDisk", description: "A disk in a registry" });

export function pushDiskRoutes(app: App, context: ServerContext): void {
  // To compress a disk takes as much as to build one.
  const places = semaphore(context.settings.concurrency);

  app.post(
    "/v1/builds/:id/push",
    {
      config: { scope: "build" },
      // Nothing at all asks for nothing in particular.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        tags: ["images"],
        operationId: "pushDisk",
        summary: "Push the disk of a finished build to a registry, as an artifact that refers to its image",
        description:
          "The answer comes when the disk is there; a client that goes away ends the push. Where a `reference` is named, the registry is " +
          "asked with the credentials of this request or none; without, with the server's own if the request has none.",
        headers: registryAuth,
        params: buildParameters,
        body: requestSchema,
        response: {
          201: json("It is there", pushedSchema),
          ...problems(404, 409, 410, 413, 415, 422, 502, 507),
        },
      },
    },
    async (request, reply) => {
      const { build, artifact } = await readyImage(context, request.params.id);
      // Who sends a disk away can read it there.
      if (request.token !== undefined && !allows(request.token.scopes, "read"))
        checkOwner(request, build.tokenId);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const signal = AbortSignal.any([gone.signal, context.draining]);
      const target = publishTarget(context, build, request.body.reference);
      if (target.isOwn) checkScope(request, "push");
      const credentials = parseRegistryAuth(request.headers[registryAuthHeader]);
      const pushed = await places.run(
        () => publishBuiltDisk(context, { build, artifact, target, credentials }, signal),
        signal,
      );
      return reply.status(201).send(pushed);
    },
  );
}
