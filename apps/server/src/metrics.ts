import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import type { EndedBuild } from "./catalogue/end-build.ts";

/** What Prometheus is told, of this process; what all servers share is asked of the database when it is scraped. */
export interface Metrics {
  readonly registry: Registry;
  /** Of a transaction that has been committed. */
  buildsEnded(ended: readonly EndedBuild[]): void;
  stageEnded(stage: string, seconds: number): void;
  bytesPulled(bytes: number): void;
  /** A disk was asked for: whether it was there already. */
  diskAsked(wasThere: boolean): void;
  /** A registry was asked for a disk in place of building it. */
  diskFetched(outcome: "fetched" | "absent" | "failed"): void;
  /** A disk was pushed to a registry. */
  diskPushed(): void;
}

/** Failures that are the servers' and not the request's: docs/operations.md has the alert. */
const faults = ["INTERNAL", "BUILD_WORKER_LOST", "QUOTA_DISK", "ARTIFACT_STORE"];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const ended = new Counter({
    name: "bootlayer_builds_ended_total",
    help: "Builds whose end this server wrote, by state and, of failed ones, error code",
    labelNames: ["state", "code"] as const,
    registers,
  });
  // An increase is told of what was there before: the first fault must not be the first that is heard of it.
  for (const state of ["ready", "cancelled"]) ended.inc({ state, code: "" }, 0);
  for (const code of faults) ended.inc({ state: "failed", code }, 0);
  const stages = new Histogram({
    name: "bootlayer_stage_seconds",
    help: "How long the stages of builds took",
    labelNames: ["stage"] as const,
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800],
    registers,
  });
  const pulled = new Counter({
    name: "bootlayer_pulled_bytes_total",
    help: "Bytes of blobs that came from registries",
    registers,
  });
  const disks = new Counter({
    name: "bootlayer_disks_asked_total",
    help: "Disks that builds asked for, by whether they were there already",
    labelNames: ["cache"] as const,
    registers,
  });
  const fetched = new Counter({
    name: "bootlayer_disks_fetched_total",
    help: "Disks that registries were asked for in place of building them, by what came of it",
    labelNames: ["outcome"] as const,
    registers,
  });
  const pushed = new Counter({
    name: "bootlayer_disks_pushed_total",
    help: "Disks that were pushed to registries",
    registers,
  });
  return {
    registry,
    buildsEnded(builds) {
      for (const { state, code = "" } of builds) ended.inc({ state, code });
    },
    stageEnded: (stage, seconds) => stages.observe({ stage }, seconds),
    bytesPulled: (bytes) => pulled.inc(bytes),
    diskFetched: (outcome) => fetched.inc({ outcome }),
    diskPushed: () => pushed.inc(),
    diskAsked: (wasThere) => disks.inc({ cache: wasThere ? "hit" : "miss" }),
  };
}
