import type { FastifyReply, FastifyRequest } from "fastify";
import { findOwnBlob, openOwnBlob, removeOwnBlob } from "@bootlayer/image-builder";
import { parseByteRange } from "../http/byte-range.ts";
import { DistributionError } from "./distribution-error.ts";
import type { RegistryFace } from "./open-face.ts";
import type { RegistryPath } from "./registry-path.ts";
import { requestedDigest } from "./requested-digest.ts";
import { requireMethod } from "./require-method.ts";

/** end-2 and end-10: a blob, or a part of it; and its removal from the repository. */
export async function answerBlob(
  { registry }: RegistryFace,
  { repository, digest: text }: Extract<RegistryPath, { kind: "blob" }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireMethod(request, ["GET", "HEAD", "DELETE"]);
  const digest = requestedDigest(text);
  if (request.method === "DELETE") {
    if (!(await removeOwnBlob(registry, repository, digest))) throw unknown(repository, digest);
    return reply.status(202).send();
  }
  const size = await findOwnBlob(registry, repository, digest);
  if (size === undefined) throw unknown(repository, digest);
  const etag = `"${digest}"`;
  reply
    .headers({ "docker-content-digest": digest, etag, "accept-ranges": "bytes" })
    // Whatever its sender made of it, no browser shall take it for a page.
    .headers({ "x-content-type-options": "nosniff" })
    .type("application/octet-stream");
  if (request.headers["if-none-match"] === etag) return reply.status(304).send();
  if (request.method === "HEAD") return reply.header("content-length", size).send();
  const range = parseByteRange(request.headers.range, size);
  if (range.kind === "unsatisfiable")
    throw new DistributionError(416, "SIZE_INVALID", `the blob has ${size} bytes`, {
      headers: { "content-range": `bytes */${size}` },
    });
  const { start, end } = range.kind === "part" ? range : { start: 0, end: size };
  if (range.kind === "part") reply.status(206).header("content-range", `bytes ${start}-${end - 1}/${size}`);
  reply.header("content-length", end - start);
  return reply.send(await openOwnBlob(registry, { digest, size }, { start, end }));
}

function unknown(repository: string, digest: string): DistributionError {
  return new DistributionError(404, "BLOB_UNKNOWN", `${repository} has no blob ${digest}`, {
    detail: { digest },
  });
}
