import { inspectImage, parseSource, type Environment, type ResolvedImage } from "@bootlayer/image-builder";
import { isBootlayerError } from "@bootlayer/errors";
import { withRequestCredentials, type RegistryCredentials } from "../access/request-credentials.ts";
import { pinnedSource, registryOf } from "../catalogue/builder-request.ts";
import type { Build } from "../catalogue/builds.ts";
import { ServerError } from "../errors.ts";
import { ownAddresses } from "../registry/own-addresses.ts";
import type { ServerContext } from "../server-context.ts";
import { imageDirectory } from "../store-directories.ts";

/** The digest of the manifest that a build was made of. @throws {ServerError} BUILD_STATE: it is not known yet. */
export function builtDigest({ id, state, manifestDigest }: Build): string {
  if (manifestDigest !== undefined) return manifestDigest;
  throw new ServerError(
    "BUILD_STATE",
    `build ${id} is ${state}: its image is not known`,
    "wait until it is ready",
  );
}

/**
 * Reads the image that a build was made of, by its digest: from the store, and what that lacks (it is another server's, or was
 * collected) from the registry: with `credentials`, and without those that the build had.
 */
export async function readBuiltImage<Answer>(
  context: ServerContext,
  build: Build,
  read: (source: string, environment: Environment) => Promise<Answer>,
  credentials?: RegistryCredentials,
): Promise<Answer> {
  const digest = builtDigest(build);
  const pinned = pinnedSource(build.request.source, digest);
  const environment: Environment = {
    store: imageDirectory(context.settings),
    ownRegistries: ownAddresses(context.settings),
    registries: withRequestCredentials(
      context.settings.registries,
      registryOf(build.request.source),
      credentials,
    ),
    allowAddress: context.egress,
    signal: context.draining,
  };
  try {
    return await read(`oci:${imageDirectory(context.settings)}@${digest}`, environment);
  } catch (error) {
    if (!isBootlayerError(error) || !lacking.has(error.code) || parseSource(pinned).kind !== "registry")
      throw error;
    return await read(pinned, environment);
  }
}

const lacking: ReadonlySet<string> = new Set([
  "SOURCE_NOT_FOUND",
  "STORE_INVALID",
  "STORE_IMAGE_NOT_FOUND",
  "STORE_BLOB_MISSING",
  "STORE_BLOB_DAMAGED",
  "FILE_NOT_FOUND",
]);

export async function builtImage(
  context: ServerContext,
  build: Build,
  credentials?: RegistryCredentials,
): Promise<ResolvedImage> {
  const { platform } = build.request;
  return readBuiltImage(
    context,
    build,
    (source, environment) => inspectImage({ source, platform }, environment),
    credentials,
  );
}
