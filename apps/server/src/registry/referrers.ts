import type { FastifyReply, FastifyRequest } from "fastify";
import { listOwnReferrers, type Descriptor } from "@bootlayer/image-builder";
import { isDigest, mediaTypes } from "@bootlayer/image-spec";
import type { RegistryFace } from "./open-face.ts";
import { queryOf } from "./query.ts";
import type { RegistryPath } from "./registry-path.ts";
import { requestedDigest } from "./requested-digest.ts";
import { requireMethod } from "./require-method.ts";

/** A page of the list is a document, and no client needs to read a longer one than any other. */
const pageBytes = 3 * 2 ** 20;

/** end-12: what refers to a manifest, perhaps of one type alone. */
export async function answerReferrers(
  { registry }: RegistryFace,
  { repository, digest }: Extract<RegistryPath, { kind: "referrers" }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireMethod(request, ["GET", "HEAD"]);
  const subject = requestedDigest(digest);
  const query = queryOf(request);
  const artifactType = query.get("artifactType") ?? "";
  const after = query.get("last") ?? "";
  const manifests: Descriptor[] = [];
  let length = 0;
  for await (const entry of listOwnReferrers(registry, repository, subject, isDigest(after) ? after : "")) {
    if (artifactType !== "" && entry.artifactType !== artifactType) continue;
    length += JSON.stringify(entry).length;
    const last = manifests.at(-1);
    if (last && length > pageBytes) {
      const next = new URLSearchParams({
        last: last.digest,
        ...(artifactType === "" ? {} : { artifactType }),
      });
      reply.header("link", `</v2/${repository}/referrers/${subject}?${next.toString()}>; rel="next"`);
      break;
    }
    manifests.push(entry);
  }
  if (artifactType !== "") reply.header("oci-filters-applied", "artifactType");
  return reply
    .type(mediaTypes.ociIndex)
    .send(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })));
}
