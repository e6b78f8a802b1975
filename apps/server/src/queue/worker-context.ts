import type { FastifyBaseLogger } from "fastify";
import type { ServerContext } from "../server-context.ts";

/** What a worker needs beside what all parts share. */
export interface WorkerContext extends ServerContext {
  readonly log: Pick<FastifyBaseLogger, "debug" | "info" | "warn" | "error">;
  /** How long a worker that gives no sign of life keeps its build and its key. */
  readonly leaseMilliseconds: number;
  /** How often watchers are told of bytes, at most. */
  readonly progressMilliseconds: number;
  /** How often this server looks for builds whose workers or leaders are gone. */
  readonly sweepMilliseconds: number;
}

export const workerDefaults = {
  leaseMilliseconds: 30_000,
  progressMilliseconds: 250,
  sweepMilliseconds: 10_000,
} as const;
