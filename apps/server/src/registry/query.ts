import type { FastifyRequest } from "fastify";

/** The query as it was sent: of a name that comes twice, the first one counts. */
export function queryOf({ raw }: FastifyRequest): URLSearchParams {
  const url = raw.url ?? "";
  const mark = url.indexOf("?");
  return new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
}
