import {
  blobSize,
  openLayout,
  readBlob,
  readDocument,
  resolveImageInLayout,
  StoreError,
  type Layout,
} from "@bootlayer/blob-store";
import {
  hostPlatform,
  parsePlatform,
  resolveManifest,
  type Digest,
  type Platform,
  type ResolvedImage,
} from "@bootlayer/image-spec";
import { parseLayerLimits } from "@bootlayer/layer-flattener";
import type { BuildRequest, Environment } from "./build-options.ts";
import { openRegistrySource } from "./open-registry-source.ts";
import {
  layerSources,
  reportResolved,
  resolved,
  type OpenedSource,
  type SourceContext,
} from "./opened-source.ts";
import { isOwnReference, openOwnSource } from "./own-registry/open-own-source.ts";
import { parseSource, type Source } from "./source.ts";
import { openLocalSource } from "./sources/open-local-source.ts";

/**
 * Finds the image that the request names.
 *
 * @throws {BuilderError} any of its codes that begin with SOURCE_ or DAEMON_, and what references, registries, layouts and
 * documents throw.
 */
export async function openSource(
  request: Pick<BuildRequest, "source" | "platform" | "limits">,
  environment: Environment,
  context: SourceContext,
): Promise<OpenedSource> {
  const source = parseSource(request.source);
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform);
  switch (source.kind) {
    case "registry":
      if (isOwnReference(source.reference, environment))
        return openOwnSource(request.source, source.reference, platform, environment, context);
      return openRegistrySource(request.source, source.reference, platform, environment, context);
    case "oci-layout":
      return openLayoutSource(request.source, source, platform, context);
    default:
      return openLocalSource(request.source, source, {
        ...context,
        environment,
        platform,
        limits: parseLayerLimits(request.limits),
        isPlatformAsked: request.platform !== undefined,
      });
  }
}

async function openLayoutSource(
  name: string,
  { directory, tag, digest }: Extract<Source, { kind: "oci-layout" }>,
  platform: Platform,
  { clock, onEvent, signal }: SourceContext,
): Promise<OpenedSource> {
  const layout = await openLayout(directory);
  const image = await clock.run("resolve", async () =>
    resolved(
      digest === undefined
        ? await resolveImageInLayout(layout, tag, platform, signal)
        : await resolveDigest(layout, digest, platform, signal),
    ),
  );
  reportResolved(name, image, onEvent);
  const layers = layerSources(image, (descriptor, signal) => readBlob(layout, descriptor, signal));
  return {
    image,
    fetchLayers: () => ({ layers, complete: Promise.resolve() }),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A manifest or index that the layout holds, whether its index.json names it or not. */
async function resolveDigest(
  layout: Layout,
  digest: Digest,
  platform: Platform,
  signal: AbortSignal,
): Promise<ResolvedImage> {
  const size = await blobSize(layout, digest);
  if (size === undefined)
    throw new StoreError(
      "STORE_IMAGE_NOT_FOUND",
      `${digest} is not in ${layout.directory}`,
      "name the digest of a manifest or index that it holds",
    );
  const bytes = await readDocument(layout, { digest, size }, signal);
  return resolveManifest({ bytes, digest }, platform, (child) => readDocument(layout, child, signal));
}
