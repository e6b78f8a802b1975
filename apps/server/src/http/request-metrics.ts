import type { FastifyInstance } from "fastify";
import { Gauge, Histogram } from "prom-client";
import type { ServerContext } from "../server-context.ts";

/** How long requests take, by route: never by path, of which there are as many as builds. */
export function measureRequests(app: FastifyInstance, { metrics: { registry } }: ServerContext): void {
  const seconds = new Histogram({
    name: "bootlayer_http_request_seconds",
    help: "Time from a request's arrival to the end of its answer; downloads and streams of events last",
    labelNames: ["method", "route", "status"] as const,
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers: [registry],
  });
  const open = new Gauge({
    name: "bootlayer_http_requests_open",
    help: "Requests that are being answered, streams of events and downloads included",
    registers: [registry],
  });
  app.addHook("onRequest", async (request, { raw }) => {
    open.inc();
    const begin = performance.now();
    // Of the connection, not of Fastify: streams that it does not see end here too.
    raw.once("close", () => {
      open.dec();
      const { method, routeOptions } = request;
      const status = raw.headersSent ? String(raw.statusCode) : "none";
      seconds.observe(
        { method, route: routeOptions.url ?? "none", status },
        (performance.now() - begin) / 1000,
      );
    });
  });
}
