import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { openDiskRoom } from "../src/disk-room.ts";
import { createAddressGuard } from "../src/access/address-guard.ts";
import { createRequestCredentials } from "../src/access/request-credentials.ts";
import { openArtifactStore } from "../src/artifacts/open-artifact-store.ts";
import { appendEvent } from "../src/catalogue/build-events.ts";
import { openBuildFeeds } from "../src/catalogue/build-feeds.ts";
import { buildRequestSchema, type BuildRequestInput } from "../src/catalogue/build-request.ts";
import type { BuildState } from "../src/catalogue/build.ts";
import { buildFinder, createOrJoinBuild, type Build } from "../src/catalogue/builds.ts";
import { endBuild, type BuildOutcome } from "../src/catalogue/end-build.ts";
import { openDatabase } from "../src/database/open-database.ts";
import { buildApp } from "../src/http/app.ts";
import { createMetrics } from "../src/metrics.ts";
import { ensureQueue } from "../src/queue/build-queue.ts";
import type { ServerContext } from "../src/server-context.ts";
import type { ServerSettings } from "../src/settings.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";

/** The server's HTTP over a real catalogue, with nobody who works on the queue: a test moves builds itself. */
export interface TestServer {
  readonly url: string;
  readonly context: ServerContext;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  readonly stop: AbortController;
  addBuild(request?: Partial<BuildRequestInput>): Promise<Build>;
  setState(build: Build, state: BuildState): Promise<void>;
  end(build: Build, outcome: BuildOutcome): Promise<void>;
  /** Ends a build with this disk. */
  finish(build: Build, disk: Uint8Array, regions?: readonly (readonly [number, number])[]): Promise<string>;
  close(): Promise<void>;
}

export async function startTestServer(
  overrides: Partial<ServerSettings> = {},
  contextOverrides: Partial<ServerContext> = {},
): Promise<TestServer> {
  const store = await mkdtemp(join(tmpdir(), "bootlayer-server-"));
  const settings = testSettings(store, {
    limits: {
      bodyBytes: 64 * 1024,
      requestsPerMinute: 100_000,
      buildsPerToken: 1000,
      diskBytes: undefined,
    },
    log: { level: "info" },
    ...overrides,
  });
  if (settings.databaseUrl === undefined && !contextOverrides.database) await withEmptyDatabase(store);
  const database = contextOverrides.database ?? (await openDatabase(settings));
  if (!contextOverrides.database) await ensureQueue(database.boss, null);
  const artifacts = await openArtifactStore(settings);
  const feeds = await openBuildFeeds(database);
  const stop = new AbortController();
  const context: ServerContext = {
    settings,
    database,
    findBuild: buildFinder(database),
    artifacts,
    feeds,
    credentials: createRequestCredentials(),
    metrics: createMetrics(),
    egress: createAddressGuard({ privateSources: true }),
    room: openDiskRoom(settings),
    serverId: randomUUID(),
    draining: stop.signal,
    ...contextOverrides,
  };
  const log: string[] = [];
  const app = buildApp(context, { logTo: { write: (line) => void log.push(line) } });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const { db, boss } = database;
  const end = async (build: Build, outcome: BuildOutcome): Promise<void> => {
    await db.transaction().execute((transaction) => endBuild(transaction, boss, build.id, outcome));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    context,
    log,
    stop,
    end,
    async addBuild(request = {}) {
      const { build } = await createOrJoinBuild(database, {
        request: buildRequestSchema.parse({ source: "registry.test/app:1", ...request }),
        requestKey: createHash("sha256").update(randomUUID()).digest("hex"),
        tokenId: undefined,
        serverId: undefined,
        limit: 10_000,
      });
      return build;
    },
    async setState({ id }, state) {
      await db.updateTable("builds").set({ state }).where("id", "=", id).execute();
      await appendEvent(db, id, "state", { state });
    },
    async finish(build, disk, dataRegions = [[0, disk.length]]) {
      const sha256 = createHash("sha256").update(disk).digest("hex");
      const key = createHash("sha256").update(build.id).digest("hex");
      const staged = await artifacts.stage(key, "ext4");
      await writeFile(staged.path, disk);
      const artifact = { key, format: "ext4" as const, bytes: disk.length, sha256, dataRegions };
      const location = await artifacts.keep(staged, artifact, stop.signal);
      await db
        .insertInto("artifacts")
        .values({
          build_key: key,
          state: "ready",
          location,
          format: "ext4",
          bytes: disk.length,
          data_bytes: disk.length,
          sha256,
          data_regions: JSON.stringify(dataRegions),
        })
        .execute();
      const digest = `sha256:${"0".repeat(64)}`;
      await end(build, {
        state: "ready",
        report: { digest, platform: "linux/amd64", bytes: disk.length, sha256, cached: false, stages: [] },
        manifestDigest: digest,
        event: { key, digest, bytes: disk.length, sha256, cached: false },
      });
      return sha256;
    },
    async close() {
      stop.abort();
      await app.close();
      await feeds.close();
      if (!contextOverrides.database) await database.close();
      await artifacts.close();
      await rm(store, { recursive: true, force: true });
    },
  };
}
