import { parseSource, type BuildRequest, type Environment } from "@bootlayer/image-builder";
import { withRequestCredentials, type RegistryCredentials } from "../access/request-credentials.ts";
import { ownAddresses } from "../registry/own-addresses.ts";
import type { ServerContext } from "../server-context.ts";
import { imageDirectory } from "../store-directories.ts";
import type { BuildRequestBody } from "./build-request.ts";

/** A request of the API in image-builder's words. Options that do not go together are left for it to refuse. */
export function builderRequest(body: BuildRequestBody): Omit<BuildRequest, "output"> {
  const { source, platform, format, size, compression, blockSize, guest, sourceDateEpoch } = body;
  // What the format has not is kept, so that it is refused and not ignored.
  const disk = { format, size, compression, blockSize } as BuildRequest["disk"];
  return {
    source,
    platform,
    ...(disk === undefined ? {} : { disk: withoutUndefined(disk) }),
    ...(guest === undefined ? {} : { guest: { config: guest } }),
    ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch: String(sourceDateEpoch) }),
    cache: false,
  };
}

/** How image-builder reaches images for this server, with the credentials of one request where it brought some. */
export function builderEnvironment(
  { settings, egress }: Pick<ServerContext, "settings" | "egress">,
  source: string,
  credentials: RegistryCredentials | undefined,
  calls: Pick<Environment, "signal" | "onEvent">,
): Environment {
  return {
    ...calls,
    store: imageDirectory(settings),
    allowAddress: egress,
    ownRegistries: ownAddresses(settings),
    registries: withRequestCredentials(settings.registries, registryOf(source), credentials),
  };
}

/** `host[:port]` of the registry that has a source. */
export function registryOf(source: string): string {
  const parsed = parseSource(source);
  return parsed.kind === "registry" ? parsed.reference.registry : "";
}

/** The source by the digest that it was resolved to. */
export function pinnedSource(source: string, digest: string): string {
  return `${source.replace(/@.*$/s, "")}@${digest}`;
}

function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value;
}
