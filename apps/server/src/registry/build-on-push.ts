import type { FastifyBaseLogger } from "fastify";
import { mediaTypes, type ImageDocument } from "@bootlayer/image-spec";
import { askForBuild, type AskContext } from "../catalogue/ask-for-build.ts";
import { buildRequestSchema } from "../catalogue/build-request.ts";

/** Told of each manifest that has got a tag, by its full name; `tokenId`: who pushed it. */
export type OnPush = (source: string, document: ImageDocument, tokenId: string | undefined) => Promise<void>;

const imageConfigs: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig]);

/** Asks for a build of each image that is pushed, where the settings say so. A push does not fail for want of a build. */
export function buildOnPush(context: AskContext, log: FastifyBaseLogger): OnPush {
  return async (source, document, tokenId) => {
    if (!context.settings.buildOnPush || !isImage(document)) return;
    try {
      const { build } = await askForBuild(context, buildRequestSchema.parse({ source }), { tokenId });
      log.info({ buildId: build.id, source }, "build on push");
    } catch (error) {
      log.warn({ err: error, source }, "an image that was pushed is not built");
    }
  };
}

/** Signatures and finished disks are pushed under tags too. */
function isImage(document: ImageDocument): boolean {
  if (document.kind === "index") return document.index.artifactType === undefined;
  const { artifactType, config } = document.manifest;
  return artifactType === undefined && imageConfigs.has(config.mediaType);
}
