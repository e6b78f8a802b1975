import { isBootlayerError } from "@bootlayer/errors";
import {
  buildDisk,
  formatPlatform,
  resolveBuild,
  type BuildEvent,
  type BuildResult,
  type Environment,
  type ResolvedBuild,
} from "@bootlayer/image-builder";
import { appendEvent, appendProgress } from "../catalogue/build-events.ts";
import {
  claimKey,
  markReady,
  releaseKey,
  type NewArtifact,
  type ReadyArtifact,
} from "../catalogue/artifacts.ts";
import { builderEnvironment, builderRequest, pinnedSource } from "../catalogue/builder-request.ts";
import { fetchedReportOf, reportOf, type BuildReport } from "../catalogue/build-report.ts";
import { endBuild } from "../catalogue/end-build.ts";
import { problemOf } from "../catalogue/problem-of.ts";
import { estimateBuildBytes, withRoom } from "../disk-room.ts";
import { ServerError } from "../errors.ts";
import {
  claimBuild,
  endClaim,
  follow,
  giveBack,
  maxLostWorkers,
  renewClaim,
  withClaim,
  writeState,
  type ClaimedBuild,
} from "./build-claims.ts";
import { buildProgress } from "./build-progress.ts";
import { fetchMadeDisk, type MadeDiskRequest } from "./fetch-made-disk.ts";
import { progressWriter } from "./progress-writer.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Why a build that runs is to end before it is ready: the reason of its signal. */
export type StopReason = "cancelled" | "drained" | "lost";

/**
 * Takes a build from the queue to its end, unless it is not there to be taken up. `stopping` ends it early, for a `StopReason`. Rejects
 * where the database does not take what is to be written: then the queue gives it to somebody again.
 */
export async function runBuild(
  context: WorkerContext,
  buildId: string,
  stopping: AbortController,
): Promise<void> {
  const { database, serverId, leaseMilliseconds, log } = context;
  const claimed = await claimBuild(database.db, buildId, serverId, leaseMilliseconds);
  if (claimed === undefined) return;
  let key: string | undefined;
  const renewal = setInterval(() => {
    renewClaim(database.db, claimed, key, leaseMilliseconds)
      .then((held) => {
        if (held !== "held") stopping.abort(held satisfies StopReason);
      })
      // The database may come back before the lease has run out; what is written at the end shows whether it did.
      .catch((error: unknown) => log.warn({ err: error, buildId }, "a lease could not be renewed"));
  }, leaseMilliseconds / 3);
  try {
    await work(context, claimed, stopping.signal, (taken) => (key = taken));
  } catch (error) {
    // First, so that who waited for this build finds the key free.
    if (key !== undefined) await releaseKey(database.db, key, claimed);
    await settle(context, claimed, stopping.signal, error);
  } finally {
    clearInterval(renewal);
  }
}

async function work(
  context: WorkerContext,
  build: ClaimedBuild,
  signal: AbortSignal,
  onKey: (key: string | undefined) => void,
): Promise<void> {
  const { database, credentials, leaseMilliseconds } = context;
  const { db } = database;
  if (build.cancelRequested) throw stopped("cancelled");
  if (build.lostWorkers > maxLostWorkers) throw workersLost(build.lostWorkers);
  const held = credentials.of(build.buildId);
  if (build.hasCredentials && held === undefined)
    throw new ServerError(
      "BUILD_CREDENTIALS_GONE",
      "the server that held the registry's credentials was started again",
      "ask for the build again, with the credentials",
    );
  const request = builderRequest(build.request);
  const resolved = await resolveBuild(request, builderEnvironment(context, request.source, held, { signal }));
  const { key, digest, layers } = resolved;
  await writeState(db, build, "resolving", { buildKey: key, manifestDigest: digest });
  await appendEvent(db, build.buildId, "resolved", {
    digest,
    platform: formatPlatform(resolved.platform),
    layers: layers.map(({ digest, size }) => ({ digest, size })),
  });
  signal.throwIfAborted();
  const claim = await claimKey(db, key, build, leaseMilliseconds);
  if (claim.kind === "ready") {
    context.metrics.diskAsked(true);
    await endAsCached(context, build, claim.artifact);
    return;
  }
  // A leader that has ended without its lease, or a removal: both are over soon.
  if (claim.kind === "in-removal" || claim.kind === "made-by") {
    const follows = claim.kind === "made-by" && (await follow(db, build, { leader: claim.buildId, key }));
    if (!follows) await giveBack(db, database.boss, build, 1);
    return;
  }
  onKey(key);
  context.metrics.diskAsked(false);
  const artifact = await withRoom(
    context.room,
    estimateBuildBytes(layers, build.request.format),
    signal,
    (roomy) => make(context, build, resolved, roomy),
  );
  const ended = await withClaim(db, build, async (transaction) => {
    if (!(await markReady(transaction, build, artifact))) throw stopped("lost");
    return await endBuild(transaction, database.boss, build.buildId, {
      state: "ready",
      manifestDigest: digest,
      report: artifact.report,
      event: readyEvent(artifact, false),
    });
  });
  if (ended === undefined) throw stopped("lost");
  context.metrics.buildsEnded(ended);
  credentials.drop(build.buildId);
}

/** Fetches or builds the disk and puts it into its place; the catalogue does not know of it yet. */
async function make(
  context: WorkerContext,
  build: ClaimedBuild,
  { key, digest, platform }: Pick<ResolvedBuild, "key" | "digest" | "platform">,
  signal: AbortSignal,
): Promise<NewArtifact> {
  const { database, artifacts, metrics } = context;
  const { format } = build.request;
  const progress = buildProgress();
  const writer = progressWriter(
    () => appendProgress(database.db, build, progress.snapshot()),
    context.progressMilliseconds,
  );
  function onEvent(event: BuildEvent): void {
    const before = progress.snapshot();
    const state = progress.observe(event);
    const { layers, writtenBytes } = progress.snapshot();
    if (layers !== before.layers || writtenBytes !== before.writtenBytes) writer.changed();
    if (state !== undefined) writer.add(async () => void (await writeState(database.db, build, state)));
    if (event.kind === "blob-stored") metrics.bytesPulled(event.totalBytes);
    if (event.kind === "stage-finished") {
      const { stage, seconds, bytes } = event;
      metrics.stageEnded(stage, seconds);
      writer.add(
        async () => void (await appendEvent(database.db, build.buildId, "stage", { stage, seconds, bytes })),
      );
    }
  }
  const staged = await artifacts.stage(key, format);
  try {
    const environment = {
      ...builderEnvironment(context, build.request.source, context.credentials.of(build.buildId), {
        onEvent,
      }),
      signal,
    };
    const fetched = await fetchMadeDisk(context, build, { key, digest, output: staged.path }, environment);
    const { report, dataRegions } = fetched
      ? { report: fetchedReportOf(fetched, platform), dataRegions: fetched.dataRegions }
      : await builtDisk(build, { key, digest, output: staged.path }, environment);
    const { bytes, dataBytes, sha256 } = report;
    const regions = dataRegions.map(({ offset, length }) => [offset, length] as const);
    const kept = { key, format, bytes, sha256, dataRegions: regions };
    const location = await artifacts.keep(staged, kept, signal);
    await writer.flush();
    return { ...kept, location, dataBytes, report };
  } finally {
    await writer.flush().catch(() => {});
    await staged.discard();
  }
}

async function builtDisk(
  { request: body }: ClaimedBuild,
  { key, digest, output }: MadeDiskRequest,
  environment: Environment,
): Promise<{ readonly report: BuildReport; readonly dataRegions: BuildResult["dataRegions"] }> {
  const request = builderRequest(body);
  const result = await buildDisk(
    { ...request, source: pinnedSource(request.source, digest), output, sha256: true },
    environment,
  );
  if (result.key !== key || result.sha256 === undefined)
    throw new Error(`the disk has key ${result.key}, and ${key} was resolved`);
  return { report: reportOf(result, result.sha256), dataRegions: result.dataRegions };
}

async function endAsCached(
  { database, metrics, credentials }: WorkerContext,
  build: ClaimedBuild,
  artifact: ReadyArtifact,
): Promise<void> {
  const ended = await endClaim(database.db, database.boss, build, {
    state: "ready",
    manifestDigest: artifact.report.digest,
    report: { ...artifact.report, cached: true },
    event: readyEvent(artifact, true),
  });
  if (ended === undefined) return;
  metrics.buildsEnded(ended);
  credentials.drop(build.buildId);
}

function readyEvent(
  { key, bytes, sha256, report }: NewArtifact,
  cached: boolean,
): { key: string; digest: string; bytes: number; sha256: string; cached: boolean } {
  return { key, digest: report.digest, bytes, sha256, cached };
}

/** What becomes of a build whose work has thrown. */
async function settle(
  { database, metrics, credentials, log }: WorkerContext,
  build: ClaimedBuild,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  const { db, boss } = database;
  const { buildId } = build;
  const reason = error instanceof StoppedError ? error.reason : signal.aborted ? signal.reason : undefined;
  if (reason === "lost") {
    log.warn({ buildId }, "another worker has this build by now; what was made here is dropped");
    return;
  }
  if (reason === "drained") {
    await giveBack(db, boss, build, 0);
    return;
  }
  if (reason === "cancelled") {
    metrics.buildsEnded((await endClaim(db, boss, build, { state: "cancelled" })) ?? []);
    credentials.drop(buildId);
    return;
  }
  const problem = problemOf(error);
  if (isBootlayerError(error)) log.info({ buildId, code: error.code }, error.message);
  else log.error({ err: error, buildId }, "a build failed by a fault of this server");
  metrics.buildsEnded((await endClaim(db, boss, build, { state: "failed", problem })) ?? []);
  credentials.drop(buildId);
}

class StoppedError extends Error {
  readonly reason: StopReason;
  constructor(reason: StopReason) {
    super(reason);
    this.reason = reason;
  }
}

function stopped(reason: StopReason): StoppedError {
  return new StoppedError(reason);
}

export function workersLost(count: number): ServerError {
  return new ServerError(
    "BUILD_WORKER_LOST",
    `${count} workers died while they made it`,
    "see the servers' logs for what ended them (memory, disk), then retry",
  );
}
