import { checkBuildOptions, resolveBuild } from "@bootlayer/image-builder";
import { isBootlayerError } from "@bootlayer/errors";
import type { RegistryCredentials } from "../access/request-credentials.ts";
import { ownAddresses } from "../registry/own-addresses.ts";
import type { ServerContext } from "../server-context.ts";
import { touchArtifact } from "./artifacts.ts";
import { newBuildId } from "./build-id.ts";
import type { BuildRequestBody } from "./build-request.ts";
import { builderEnvironment, builderRequest } from "./builder-request.ts";
import { createOrJoinBuild, findJoinable, findReadyBuild, type Build } from "./builds.ts";
import { normaliseRequest } from "./request-key.ts";

export interface BuildAsker {
  readonly tokenId: string | undefined;
  /** For the source's registry, of this request alone. */
  readonly credentials?: RegistryCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type AskContext = Pick<
  ServerContext,
  "settings" | "database" | "credentials" | "egress" | "room" | "serverId" | "metrics"
>;

/** How long the registry has to say that a finished disk is still what the source names. */
const resolveMilliseconds = 20_000;
/** Answers of a registry that concern who asks. */
const refusals: ReadonlySet<string> = new Set([
  "REGISTRY_UNAUTHORIZED",
  "REGISTRY_DENIED",
  "REGISTRY_NOT_FOUND",
  "REGISTRY_BLOCKED",
  "REGISTRY_ADDRESS_REFUSED",
]);

/**
 * The build that answers a request: an equal one that is under way, an equal one that is ready and whose source is still the same, or
 * a new one. `state` of the build tells whether it is ready.
 *
 * @throws {ServerError} SOURCE_FORBIDDEN, QUOTA_BUILDS, QUOTA_DISK. @throws {BootlayerError} of the source's name, of the options, and where the
 * registry refuses the credentials.
 */
export async function askForBuild(
  context: AskContext,
  body: BuildRequestBody,
  { tokenId, credentials, signal }: BuildAsker,
): Promise<{ readonly build: Build; readonly joined: boolean }> {
  const { database, settings, serverId } = context;
  const { request, requestKey: named, registry } = normaliseRequest(body);
  checkBuildOptions(builderRequest(request));
  // What was pushed here is in the store of this server, and under the same name another server may have another image.
  const isOwn = ownAddresses(settings).includes(registry);
  const requestKey = isOwn && database.kind === "postgresql" ? `${named}@${serverId}` : named;
  if (credentials === undefined) {
    const joinable = await findJoinable(database.db, requestKey);
    if (joinable !== undefined) return { build: joinable, joined: true };
  }
  const ready = await findReadyBuild(database.db, requestKey);
  if (ready !== undefined && (await isStill(context, ready, credentials, signal))) {
    await touchArtifact(database.db, ready.buildKey ?? "");
    context.metrics.diskAsked(true);
    return { build: ready, joined: true };
  }
  // What this build needs is known when its source is resolved; on a disk that is full nothing is begun.
  await context.room.check(0);
  const id = newBuildId();
  if (credentials !== undefined) context.credentials.hold(id, credentials);
  try {
    return await createOrJoinBuild(database, {
      id,
      request,
      requestKey,
      tokenId,
      serverId: isOwn || credentials !== undefined ? serverId : undefined,
      hasCredentials: credentials !== undefined,
      limit: settings.limits.buildsPerToken,
    });
  } catch (cause) {
    context.credentials.drop(id);
    throw cause;
  }
}

/** Whether the source is still what the build was made of, and these credentials may read it. */
async function isStill(
  context: AskContext,
  { request, buildKey }: Build,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const timeout = AbortSignal.timeout(resolveMilliseconds);
  const environment = builderEnvironment(context, request.source, credentials, {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  try {
    return (await resolveBuild(builderRequest(request), environment)).key === buildKey;
  } catch (error) {
    signal?.throwIfAborted();
    if (isBootlayerError(error) && refusals.has(error.code)) throw error;
    return false;
  }
}
