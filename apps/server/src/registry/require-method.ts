import type { FastifyRequest } from "fastify";
import { DistributionError } from "./distribution-error.ts";

/** @throws {DistributionError} UNSUPPORTED, with status 405. */
export function requireMethod({ method }: FastifyRequest, methods: readonly string[]): void {
  if (methods.includes(method)) return;
  throw new DistributionError(405, "UNSUPPORTED", `${method} is not for this`, {
    headers: { allow: methods.join(", ") },
  });
}
