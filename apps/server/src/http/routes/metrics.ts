import { Gauge } from "prom-client";
import { buildStates } from "../../catalogue/build.ts";
import { sql } from "kysely";
import type { ServerContext } from "../../server-context.ts";
import { bytes, problems } from "../answers.ts";
import type { App } from "../app.ts";

export function metricsRoutes(app: App, context: ServerContext): void {
  const { registry } = context.metrics;
  shareGauges(context);
  app.get(
    "/metrics",
    {
      config: { scope: "read" },
      logLevel: "warn",
      schema: {
        tags: ["server"],
        operationId: "getMetrics",
        summary: "Figures for Prometheus",
        response: { 200: bytes("In Prometheus' text format", "text/plain"), ...problems() },
      },
    },
    async (_request, reply) =>
      reply
        .header("cache-control", "no-store")
        .type(registry.contentType)
        .send(await registry.metrics()),
  );
}

/** What the database knows for all servers, asked for when Prometheus asks. */
function shareGauges({ database, metrics: { registry } }: ServerContext): void {
  const builds = new Gauge({
    name: "bootlayer_builds",
    help: "Builds in the catalogue by state, of all servers; `queued` is the depth of the queue",
    labelNames: ["state"] as const,
    registers: [],
    async collect() {
      const rows = await database.db
        .selectFrom("builds")
        .select((of) => ["state", of.fn.countAll<number>().as("count")] as const)
        .groupBy("state")
        .execute();
      const counts = new Map(rows.map(({ state, count }) => [state, count]));
      for (const state of buildStates) builds.set({ state }, counts.get(state) ?? 0);
    },
  });
  const disks = new Gauge({
    name: "bootlayer_artifacts",
    help: "Finished disks, of all servers",
    registers: [],
  });
  const diskBytes = new Gauge({
    name: "bootlayer_artifact_bytes",
    help: "Bytes of finished disks that are not holes",
    registers: [],
    async collect() {
      const { count, dataBytes } = await database.db
        .selectFrom("artifacts")
        .select((of) => [
          of.fn.countAll<number>().as("count"),
          sql<number>`coalesce(sum(data_bytes), 0)::int8`.as("dataBytes"),
        ])
        .where("state", "=", "ready")
        .executeTakeFirstOrThrow();
      disks.set(count);
      diskBytes.set(dataBytes);
    },
  });
  registry.registerMetric(builds);
  registry.registerMetric(diskBytes);
  registry.registerMetric(disks);
}
