import { createAddressGuard } from "./access/address-guard.ts";
import { createRequestCredentials } from "./access/request-credentials.ts";
import { openArtifactStore } from "./artifacts/open-artifact-store.ts";
import { buildFinder } from "./catalogue/builds.ts";
import { openBuildFeeds } from "./catalogue/build-feeds.ts";
import { holdStore } from "./database/hold-store.ts";
import { openDatabase } from "./database/open-database.ts";
import { openDiskRoom } from "./disk-room.ts";
import { createMetrics } from "./metrics.ts";
import type { ServerContext } from "./server-context.ts";
import { readServerId } from "./server-id.ts";
import type { ServerSettings } from "./settings.ts";

export interface ServerParts extends AsyncDisposable {
  readonly context: ServerContext;
}

/**
 * Opens what the parts of a server share, and closes it again.
 *
 * @throws {ServerError} SERVER_DATABASE, ARTIFACT_STORE. @throws {DurableFileError}
 */
export async function openServerParts(settings: ServerSettings, draining: AbortSignal): Promise<ServerParts> {
  await using opening = new AsyncDisposableStack();
  opening.use(await holdStore(settings.store, "server"));
  const serverId = await readServerId(settings.store);
  const database = await openDatabase(settings);
  opening.defer(() => database.close());
  const artifacts = await openArtifactStore(settings);
  opening.defer(() => artifacts.close());
  const feeds = await openBuildFeeds(database);
  opening.defer(() => feeds.close());
  const opened = opening.move();
  return {
    context: {
      settings,
      database,
      findBuild: buildFinder(database),
      artifacts,
      feeds,
      credentials: createRequestCredentials(),
      metrics: createMetrics(),
      egress: createAddressGuard(settings.access),
      room: openDiskRoom(settings),
      serverId,
      draining,
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
