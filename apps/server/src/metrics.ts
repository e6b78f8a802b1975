import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import type { BuildState } from "./catalogue/build.ts";

/** What Prometheus is told, of this process; what all servers share is asked of the database when it is scraped. */
export interface Metrics {
  readonly registry: Registry;
  buildEnded(state: BuildState, code: string | undefined): void;
  stageEnded(stage: string, seconds: number): void;
  bytesPulled(bytes: number): void;
  /** A disk was asked for: whether it was there already. */
  diskAsked(wasThere: boolean): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const ended = new Counter({
    name: "bootlayer_builds_ended_total",
    help: "Builds that ended here, by state and, of failed ones, error code",
    labelNames: ["state", "code"] as const,
    registers,
  });
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
  return {
    registry,
    buildEnded: (state, code) => ended.inc({ state, code: code ?? "" }),
    stageEnded: (stage, seconds) => stages.observe({ stage }, seconds),
    bytesPulled: (bytes) => pulled.inc(bytes),
    diskAsked: (wasThere) => disks.inc({ cache: wasThere ? "hit" : "miss" }),
  };
}
