import { formatPlatform, listOwnImages } from "@bootlayer/image-builder";
import * as z from "zod";
import { ownAddresses } from "../../registry/own-addresses.ts";
import type { ServerContext } from "../../server-context.ts";
import { imageDirectory } from "../../store-directories.ts";
import { json, linkNext, problems } from "../answers.ts";
import type { App } from "../app.ts";

const imageSchema = z
  .object({
    source: z.string().meta({ description: "The `source` of a build", example: "127.0.0.1:7480/team/app:1" }),
    digest: z.string().meta({ description: "Of its manifest or index" }),
    platforms: z.array(z.string()).meta({ example: ["linux/amd64"] }),
  })
  .meta({ id: "PushedImage", description: "An image that was pushed to the server" });

const listSchema = z
  .object({
    images: z.array(imageSchema),
    next: z.string().optional().meta({ description: "The `after` of the next page; absent on the last" }),
  })
  .meta({ id: "PushedImageList", description: "Images that were pushed to the server, by name" });

export function pushedImageRoutes(app: App, { settings }: ServerContext): void {
  app.get(
    "/v1/pushed-images",
    {
      config: { scope: "read" },
      schema: {
        tags: ["images"],
        operationId: "listPushedImages",
        summary: "List the images that were pushed to this server's own registry",
        description: "Those of the store of the server that answers. A page may hold fewer than `limit`.",
        querystring: z.strictObject({
          after: z.string().max(1024).optional().meta({ description: "`next` of the page before" }),
          limit: z.coerce.number().int().min(1).max(200).default(50),
        }),
        response: { 200: json("A page; `Link` names the next", listSchema), ...problems(502) },
      },
    },
    async ({ query }, reply) => {
      const { images, next } = await listOwnImages(
        { hosts: ownAddresses(settings), ...query },
        { store: imageDirectory(settings) },
      );
      linkNext(reply, next);
      return reply.header("cache-control", "no-cache").send({
        images: images.map(({ name, digest, platforms }) => ({
          source: name,
          digest,
          platforms: platforms.map(formatPlatform),
        })),
        next,
      });
    },
  );
}
