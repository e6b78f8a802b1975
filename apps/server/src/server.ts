import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureFirstToken } from "./access/first-token.ts";
import { checkListen } from "./access/loopback.ts";
import { applyImageRetention } from "./catalogue/forget-images.ts";
import { applyRetention } from "./catalogue/retention.ts";
import { ServerError } from "./errors.ts";
import { buildApp } from "./http/app.ts";
import { startWorker } from "./queue/build-worker.ts";
import { workerDefaults, type WorkerContext } from "./queue/worker-context.ts";
import { openServerParts } from "./server-parts.ts";
import type { ServerSettings } from "./settings.ts";

export interface RunningServer {
  /** Where it answers: the page, the API and the registry. */
  readonly url: string;
  /** The file that the first admin's token was written into, where this start has made one. */
  readonly tokenFile: string | undefined;
  /** Takes no new work, gives running builds `drainSeconds`, and ends. Builds that are not done then are finished by the next start. */
  close(): Promise<void>;
}

/** How often a server looks after things; for tests. */
export interface ServerIntervals extends Partial<Pick<WorkerContext, keyof typeof workerDefaults>> {
  /** What is kept, and what killed servers left. */
  readonly retentionMilliseconds?: number;
}

/**
 * Starts all parts of a server.
 *
 * @throws {ServerError} SERVER_LISTEN, SERVER_DATABASE, ARTIFACT_STORE. @throws {DurableFileError}
 */
export async function startServer(
  given: ServerSettings,
  { retentionMilliseconds = 600_000, ...intervals }: ServerIntervals = {},
): Promise<RunningServer> {
  await checkListen(given);
  const settings = await withPort(given);
  const draining = new AbortController();
  await using starting = new AsyncDisposableStack();
  const parts = starting.use(await openServerParts(settings, draining.signal));
  const { context } = parts;
  const tokenFile = await ensureFirstToken(context.database, settings);
  const app = buildApp(context, { logTo: process.stderr });
  starting.defer(() => app.close());
  await app.listen(settings.listen).catch((cause: unknown) => {
    throw listenError(settings, cause);
  });
  const worker = await startWorker({ ...workerDefaults, ...intervals, ...context, log: app.log });
  const housekeeping = keepHouse();
  const started = starting.move();
  let closed: Promise<void> | undefined;

  async function keepHouse(): Promise<void> {
    const { database, artifacts } = context;
    for (;;) {
      await sleep(retentionMilliseconds, undefined, { signal: draining.signal }).catch(() => {});
      if (draining.signal.aborted) return;
      await artifacts
        .sweep()
        .catch((error: unknown) => app.log.warn({ err: error }, "what others left could not be swept"));
      await applyRetention(database.db, artifacts, settings.retention, { dryRun: false }).catch(
        (error: unknown) => app.log.warn({ err: error }, "what is kept could not be looked through"),
      );
      await applyImageRetention(context, { signal: draining.signal }).catch((error: unknown) => {
        if (!draining.signal.aborted) app.log.warn({ err: error }, "images could not be looked through");
      });
    }
  }

  async function close(): Promise<void> {
    draining.abort(new Error("the server ends"));
    await worker.drain(AbortSignal.timeout(settings.drainSeconds * 1000));
    await housekeeping;
    await started.disposeAsync();
  }

  return { url: urlOf(settings), tokenFile, close: () => (closed ??= close()) };
}

/** A port that is free, where none is named: own images are named by it before anybody listens. */
async function withPort(settings: ServerSettings): Promise<ServerSettings> {
  const { host, port } = settings.listen;
  if (port !== 0) return settings;
  const server = createServer().listen(0, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw listenError(settings, cause);
  }
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { ...settings, listen: { host, port: free } };
}

function urlOf({ listen: { host, port } }: ServerSettings): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

function listenError({ listen: { host, port } }: ServerSettings, cause: unknown): ServerError {
  const reason = cause instanceof Error ? cause.message : "refused";
  return new ServerError(
    "SERVER_LISTEN",
    `cannot listen on ${host}:${port}: ${reason}`,
    "take another --listen, or stop what listens there",
    { cause },
  );
}
