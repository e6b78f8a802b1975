import type { FastifyInstance } from "fastify";

const bodyMilliseconds = 30_000;

/** A body that is read into memory must have come within half a minute; uploads, which are read as they come, are not timed here. */
export function limitBodyTime(app: FastifyInstance, milliseconds: number = bodyMilliseconds): void {
  app.addHook("preParsing", async (request, _reply, payload) => {
    const { "content-length": length, "transfer-encoding": coding } = request.headers;
    if (!request.url.startsWith("/v1/") || (length === undefined && coding === undefined)) return payload;
    const timer = setTimeout(() => request.raw.destroy(), milliseconds);
    payload.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
    return payload;
  });
}
