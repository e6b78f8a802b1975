import type { FastifyReply, FastifyRequest } from "fastify";
import { requireMethod } from "./require-method.ts";

/** end-1: whether this is a registry, and whether the client may come in. */
export async function answerBase(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  requireMethod(request, ["GET", "HEAD"]);
  return reply.type("application/json").send("{}");
}
