import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { cancelChannel } from "../database/notify.ts";
import { forgetImages } from "../catalogue/forget-images.ts";
import { ensureQueue, heartbeatSeconds, queueName, type BuildJob } from "./build-queue.ts";
import { runBuild, type StopReason } from "./run-build.ts";
import { semaphore } from "./semaphore.ts";
import { dropEndedCredentials } from "./drop-credentials.ts";
import { sweepBuilds } from "./sweep.ts";
import type { WorkerContext } from "./worker-context.ts";

export interface BuildWorker {
  /**
   * Takes up no more builds and waits for those that run; when `signal` is aborted, they end and go back to the queue. All that this
   * server does for builds has ended then.
   */
  drain(signal: AbortSignal): Promise<void>;
}

/** Works on queued builds, and looks after those that nobody would finish. */
export async function startWorker(context: WorkerContext): Promise<BuildWorker> {
  const { database, credentials, metrics, serverId, settings, log, sweepMilliseconds } = context;
  const { boss, db } = database;
  const running = new Map<string, { readonly stopping: AbortController; readonly done: Promise<void> }>();
  const places = semaphore(settings.concurrency);
  const draining = new AbortController();
  const ended = new AbortController();

  async function onJob({ buildId }: BuildJob): Promise<void> {
    if (running.has(buildId)) return;
    const stopping = new AbortController();
    const done = places.run(() => runBuild(context, buildId, stopping), draining.signal);
    running.set(buildId, { stopping, done });
    try {
      await done;
    } catch (error) {
      // One that still waited for its turn is another server's, or the next start's.
      if (!draining.signal.aborted)
        log.error({ err: error, buildId }, "a job could not be worked on; it is tried again");
      throw error;
    } finally {
      running.delete(buildId);
    }
    if (settings.retention.imageSeconds === 0)
      await forgetImages(context).catch((error: unknown) =>
        log.warn({ err: error, buildId }, "the build's image could not be let go; tried again soon"),
      );
  }

  function stop(buildId: string, reason: StopReason): void {
    running.get(buildId)?.stopping.abort(reason);
  }

  // What this server worked on when it was ended the hard way is nobody's now.
  await db
    .updateTable("builds")
    .set({ worker_until: sql<Date>`now() - interval '1 second'` })
    .where("worker", "=", serverId)
    .where("ended_at", "is", null)
    .execute();
  const stopListening = await database.listen(cancelChannel, (buildId) => stop(buildId, "cancelled"));
  const queues = [null, serverId];
  for (const queue of queues) await ensureQueue(boss, queue);
  // Of builds that are left from another server, so that no transaction has to ask for their queue.
  const left = await db
    .selectFrom("builds")
    .select("server_id")
    .distinct()
    .where("ended_at", "is", null)
    .where("server_id", "is not", null)
    .execute();
  for (const { server_id: other } of left) await ensureQueue(boss, other);
  await sweepBuilds(database, serverId, metrics);
  for (const queue of queues)
    await boss.work<BuildJob>(
      queueName(queue),
      {
        localConcurrency: settings.concurrency,
        pollingIntervalSeconds: 2,
        notifyPollingIntervalSeconds: 5,
        heartbeatRefreshSeconds: heartbeatSeconds / 3,
      },
      async ([job]) => {
        if (job !== undefined) await onJob(job.data);
      },
    );

  const sweeping = (async () => {
    while (!ended.signal.aborted) {
      // Servers that were started together do not sweep together.
      const wait = sweepMilliseconds * (0.75 + Math.random() / 2);
      await sleep(wait, undefined, { signal: ended.signal }).catch(() => {});
      if (ended.signal.aborted) return;
      try {
        await sweepBuilds(database, serverId, metrics);
        await dropEndedCredentials(db, credentials);
      } catch (error) {
        log.warn({ err: error }, "builds could not be looked after; tried again soon");
      }
    }
  })();

  return {
    async drain(signal) {
      const off = queues.map((queue) => boss.offWork(queueName(queue), { wait: true }));
      draining.abort(new Error("the server takes no more builds"));
      const stopAll = (): void => {
        for (const buildId of running.keys()) stop(buildId, "drained");
      };
      signal.addEventListener("abort", stopAll, { once: true });
      if (signal.aborted) stopAll();
      await Promise.allSettled([...running.values()].map(({ done }) => done));
      await Promise.allSettled(off);
      ended.abort(new Error("the server ends"));
      await sweeping;
      await stopListening();
    },
  };
}
