import { openLayout, readBlob, resolveImageInLayout } from "@bootlayer/blob-store";
import { hostPlatform, parsePlatform } from "@bootlayer/image-spec";
import type { BuildRequest, Environment } from "./build-options.ts";
import { openRegistrySource } from "./open-registry-source.ts";
import {
  layerSources,
  reportResolved,
  resolved,
  type OpenedSource,
  type SourceContext,
} from "./opened-source.ts";
import { parseSource } from "./source.ts";

/**
 * Finds the image that the request names.
 *
 * @throws {BuilderError} SOURCE_INVALID, and what references, registries, layouts and documents throw.
 */
export async function openSource(
  request: Pick<BuildRequest, "source" | "platform">,
  environment: Environment,
  context: SourceContext,
): Promise<OpenedSource> {
  const source = parseSource(request.source);
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform);
  if (source.kind === "registry")
    return openRegistrySource(request.source, source.reference, platform, environment, context);
  const { clock, onEvent, signal } = context;
  const layout = await openLayout(source.directory);
  const image = await clock.run("resolve", async () =>
    resolved(await resolveImageInLayout(layout, source.tag, platform, signal)),
  );
  reportResolved(request.source, image, onEvent);
  const layers = layerSources(image, (descriptor, signal) => readBlob(layout, descriptor, signal));
  return {
    image,
    fetchLayers: () => ({ layers, complete: Promise.resolve() }),
    [Symbol.asyncDispose]: async () => {},
  };
}
