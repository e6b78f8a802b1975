import { BuilderError } from "@bootlayer/image-builder";
import * as z from "zod";
import { builtImage } from "../../inspect/built-image.ts";
import type { TreeEntry } from "../../inspect/image-tree.ts";
import { createImageTrees } from "../../inspect/image-trees.ts";
import type { ServerContext } from "../../server-context.ts";
import { bytes, json, linkNext, nothing, problems, sendNotModified } from "../answers.ts";
import type { App } from "../app.ts";
import { evaluatePreconditions } from "../preconditions.ts";
import { buildParameters, knownBuild } from "./builds.ts";

const tags = ["images"];

const entrySchema: z.ZodType<TreeEntry> = z
  .object({
    name: z.string().meta({ description: String.raw`What is no UTF-8, and control characters, as \xNN` }),
    type: z.enum(["directory", "file", "symlink", "character-device", "block-device", "fifo", "socket"]),
    size: z
      .number()
      .optional()
      .meta({ description: "Bytes of a file; of a directory, of all files below it at each of their names" }),
    mode: z.string().meta({ example: "0755" }),
    uid: z.number(),
    gid: z.number(),
    mtime: z.number().meta({ description: "Seconds since 1970" }),
    target: z.string().optional().meta({ description: "Of a symlink, as written" }),
    entries: z.int().optional().meta({ description: "How many names a directory holds" }),
  })
  .meta({ id: "TreeEntry", description: "A name in an image" });

const levelSchema = z
  .object({ entries: z.array(entrySchema), next: z.string().optional() })
  .meta({ id: "TreeLevel", description: "What a directory of an image holds, in byte order" });

const treeQuery = z.strictObject({
  path: z.string().max(4096).default("/").meta({ description: "From the root; symlinks are not followed" }),
  after: z
    .string()
    .regex(/^\d{1,9}$/, "is no cursor")
    .default("0")
    .meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
});

export function inspectRoutes(app: App, context: ServerContext): void {
  const trees = createImageTrees(context);

  for (const document of ["manifest", "config"] as const)
    app.get(
      `/v1/builds/:id/${document}`,
      {
        config: { scope: "read" },
        schema: {
          tags,
          operationId: document === "manifest" ? "getManifest" : "getConfig",
          summary: `See the image's ${document}, byte by byte as its registry has it`,
          params: buildParameters,
          response: {
            200: bytes(
              `The ${document}; its digest is the entity tag`,
              documentTypes[document],
              "application/json",
            ),
            304: nothing("The client has it"),
            ...problems(404, 409, 422, 502),
          },
        },
      },
      async (request, reply) => {
        const image = await builtImage(context, await knownBuild(context, request.params.id));
        const { descriptor, body } =
          document === "manifest"
            ? { descriptor: image.descriptor, body: image.manifestBytes }
            : { descriptor: image.manifest.config, body: image.configBytes };
        const etag = `"${descriptor.digest}"`;
        reply.header("etag", etag).header("cache-control", "private, no-cache");
        if (evaluatePreconditions(request.headers, { etag }) === "not-modified")
          return sendNotModified(reply);
        return reply.type(descriptor.mediaType).send(Buffer.from(body));
      },
    );

  app.get(
    "/v1/builds/:id/tree",
    {
      config: { scope: "read" },
      schema: {
        tags,
        operationId: "listTree",
        summary: "List a directory of the image, with sizes",
        description:
          "The image as it was built, without the guest's additions. The first time all its layers are read.",
        params: buildParameters,
        querystring: treeQuery,
        response: {
          200: json("A page; `Link` names the next", levelSchema),
          ...problems(404, 409, 422, 502),
        },
      },
    },
    async ({ params, query: { path, after, limit } }, reply) => {
      const tree = await trees.of(await knownBuild(context, params.id));
      const level = tree.level(path);
      if (level === undefined)
        throw new BuilderError("PATH_NOT_FOUND", `${path} is not in the image`, "list its parent directory");
      const end = Number(after) + limit;
      const next = end < level.length ? String(end) : undefined;
      linkNext(reply, next);
      return reply
        .header("cache-control", "private, no-cache")
        .send({ entries: level.slice(Number(after), end), next });
    },
  );
}

const documentTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
} as const;
