import type { FastifyReply, FastifyRequest } from "fastify";
import { listOwnTags } from "@bootlayer/image-builder";
import { DistributionError } from "./distribution-error.ts";
import type { RegistryFace } from "./open-face.ts";
import { queryOf } from "./query.ts";
import type { RegistryPath } from "./registry-path.ts";
import { requireMethod } from "./require-method.ts";

/** end-8: the tags of a repository in their order, page by page if the client asks so. */
export async function answerTags(
  { registry }: RegistryFace,
  { repository }: Extract<RegistryPath, { kind: "tags" }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireMethod(request, ["GET", "HEAD"]);
  const query = queryOf(request);
  const count = pageLength(query.get("n"));
  const last = query.get("last") ?? "";
  const all = await listOwnTags(registry, repository);
  if (!all)
    throw new DistributionError(404, "NAME_UNKNOWN", `nothing was ever pushed to ${repository}`, {
      detail: { name: repository },
    });
  const behind = all.filter((tag) => tag > last);
  const tags = behind.slice(0, count);
  const end = tags.at(-1);
  if (end !== undefined && tags.length < behind.length) {
    const next = new URLSearchParams({ n: String(count), last: end });
    reply.header("link", `</v2/${repository}/tags/list?${next.toString()}>; rel="next"`);
  }
  return reply.type("application/json").send(JSON.stringify({ name: repository, tags }));
}

function pageLength(text: string | null): number {
  if (text === null) return Infinity;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DistributionError(400, "UNSUPPORTED", `n=${text.slice(0, 100)} is no number of tags`);
}
