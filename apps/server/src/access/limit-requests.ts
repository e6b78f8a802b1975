import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../errors.ts";
import type { ServerSettings } from "../settings.ts";

const minute = 60_000;
const defaultRefusals = 120;

export interface RequestLimits {
  /**
   * Counts a request without a good token, by its address. So who tries many is told to wait, and nobody else at the address is.
   *
   * @throws {ServerError} REQUEST_RATE_LIMITED.
   */
  refused(request: FastifyRequest): Promise<void>;
}

/**
 * Limits the requests a minute of one token, or of one address where there are no tokens, and of one address those whose token is no
 * good. Each server counts for itself. Routes that ask for no token are not counted.
 *
 * Call it before routes are registered.
 */
export function limitRequests(
  app: FastifyInstance,
  { limits }: { readonly limits: Pick<ServerSettings["limits"], "requestsPerMinute"> },
  refusalsPerMinute: number = defaultRefusals,
): RequestLimits {
  app.register(rateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: minute,
    keyGenerator: ({ token, ip }) => token?.id ?? ip,
    allowList: ({ routeOptions }) => routeOptions.config.scope === "none",
    errorResponseBuilder: (_, { ttl }) => tooMany(ttl),
  });
  // The plugin is loaded when the first request comes, and not before.
  let refusals: ReturnType<FastifyInstance["createRateLimit"]> | undefined;
  return {
    async refused(request) {
      refusals ??= app.createRateLimit({
        max: refusalsPerMinute,
        timeWindow: minute,
        keyGenerator: ({ ip }) => ip,
        allowList: [],
      });
      const count = await refusals(request);
      if (!count.isAllowed && count.isExceeded) throw tooMany(count.ttl);
    },
  };
}

function tooMany(milliseconds: number): ServerError {
  const seconds = Math.ceil(milliseconds / 1000);
  return new ServerError(
    "REQUEST_RATE_LIMITED",
    "these are more requests than the limit allows",
    `come again in ${seconds} s`,
  );
}
