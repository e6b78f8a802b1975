import * as z from "zod";
import { finalStates } from "../../catalogue/build.ts";
import type { ServerContext } from "../../server-context.ts";
import { nothing, problems } from "../answers.ts";
import type { App } from "../app.ts";
import { buildEventSchema } from "../event-answer.ts";
import { writeEvents } from "../event-stream.ts";
import { buildParameters, knownBuild } from "./builds.ts";

const mediaType = "text/event-stream";
const timing = { heartbeatMilliseconds: 15_000, patienceMilliseconds: 60_000 };

export function buildEventRoutes(app: App, context: ServerContext): void {
  app.get(
    "/v1/builds/:id/events",
    {
      config: { scope: "read" },
      // The stream is written past Fastify, which would send it for HEAD too.
      exposeHeadRoute: false,
      schema: {
        tags: ["builds"],
        operationId: "watchBuild",
        summary: "Watch a build, as server-sent events",
        description:
          "All events of the build, or those after `Last-Event-ID`, as they come; the stream ends after ready, failed or cancelled. " +
          "`id:` is the sequence, `event:` the kind, `data:` the data of a BuildEvent. Older progress is left out.",
        params: buildParameters,
        headers: z.object({
          "last-event-id": z
            .string()
            .regex(/^\d{0,15}$/, "is no id of an event")
            .optional(),
        }),
        response: {
          200: {
            description: "The events",
            content: { [mediaType]: { schema: buildEventSchema } },
          },
          204: nothing("The build has ended and all its events have been seen"),
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const build = await knownBuild(context, request.params.id);
      const after = Number(request.headers["last-event-id"] ?? 0);
      // An EventSource stops to come again only at a 204.
      if (finalStates.has(build.state) && after >= build.eventCount) return reply.status(204).send(null);
      reply.hijack();
      const { raw } = reply;
      const gone = new AbortController();
      raw.on("close", () => gone.abort()).on("error", () => gone.abort());
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": mediaType,
        "cache-control": "no-store",
        // nginx would keep events back until its buffer is full.
        "x-accel-buffering": "no",
      });
      try {
        const events = context.feeds.watch(build.id, after, gone.signal);
        const outcome = await writeEvents(events, raw, { signal: gone.signal, ...timing });
        if (outcome === "ended") return void raw.end();
      } catch (error) {
        if (!gone.signal.aborted) request.log.error({ err: error }, "events broke off");
      }
      raw.destroy();
    },
  );

  app.head(
    "/v1/builds/:id/events",
    { config: { scope: "read" }, schema: { hide: true, params: buildParameters } },
    async (request, reply) => {
      await knownBuild(context, request.params.id);
      return reply.type(mediaType).header("cache-control", "no-store").send();
    },
  );
}
