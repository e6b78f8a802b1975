import type { AddressGuard } from "./access/address-guard.ts";
import type { RequestCredentials } from "./access/request-credentials.ts";
import type { ArtifactStore } from "./artifacts/artifact-store.ts";
import type { Build } from "./catalogue/builds.ts";
import type { BuildFeeds } from "./catalogue/build-feeds.ts";
import type { OpenDatabase } from "./database/open-database.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { Metrics } from "./metrics.ts";
import type { ServerSettings } from "./settings.ts";

/** What the parts of one server share; server.ts puts it together. */
export interface ServerContext {
  readonly settings: ServerSettings;
  readonly database: OpenDatabase;
  /** The build of an id (see `buildFinder`). */
  readonly findBuild: (id: string) => Promise<Build | undefined>;
  readonly artifacts: ArtifactStore;
  readonly feeds: BuildFeeds;
  readonly credentials: RequestCredentials;
  readonly metrics: Metrics;
  readonly egress: AddressGuard;
  readonly room: DiskRoom;
  /** The same for one store, however often a server is started on it. */
  readonly serverId: string;
  /** Aborted once the server takes no new work: it is about to end. */
  readonly draining: AbortSignal;
}
