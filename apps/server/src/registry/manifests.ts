import type { FastifyReply, FastifyRequest } from "fastify";
import {
  findOwnManifest,
  isTag,
  putOwnManifest,
  readOwnManifest,
  removeOwnManifest,
  type ManifestName,
} from "@bootlayer/image-builder";
import { isDigest, maxDocumentBytes } from "@bootlayer/image-spec";
import { accepts } from "./accepts.ts";
import { DistributionError } from "./distribution-error.ts";
import type { RegistryFace } from "./open-face.ts";
import type { RegistryPath } from "./registry-path.ts";
import { readWhole } from "./request-body.ts";
import { requireMethod } from "./require-method.ts";

/** end-3, end-7 and end-9: a manifest or index by tag or digest. */
export async function answerManifest(
  face: RegistryFace,
  { repository, reference }: Extract<RegistryPath, { kind: "manifest" }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireMethod(request, ["GET", "HEAD", "PUT", "DELETE"]);
  const name = manifestName(reference);
  if (request.method === "PUT") return putManifest(face, repository, reference, request, reply);
  if (!name) throw unknown(repository, reference);
  if (request.method === "DELETE") {
    if (!(await removeOwnManifest(face.registry, repository, name))) throw unknown(repository, reference);
    return reply.status(202).send();
  }
  return getManifest(face, repository, name, request, reply);
}

async function getManifest(
  { registry }: RegistryFace,
  repository: string,
  name: ManifestName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const reference = "tag" in name ? name.tag : name.digest;
  const found = await findOwnManifest(registry, repository, name);
  if (!found) throw unknown(repository, reference);
  const { digest, mediaType, size } = found;
  if (!accepts(request.headers.accept, mediaType))
    throw new DistributionError(
      404,
      "MANIFEST_UNKNOWN",
      `${reference} is ${mediaType}, which the request does not accept`,
    );
  const etag = `"${digest}"`;
  reply
    .headers({ "docker-content-digest": digest, etag, "x-content-type-options": "nosniff" })
    .type(mediaType);
  if (request.headers["if-none-match"] === etag) return reply.status(304).send();
  if (request.method === "HEAD") return reply.header("content-length", size).send();
  return reply.send(Buffer.from(await readOwnManifest(registry, found)));
}

async function putManifest(
  face: RegistryFace,
  repository: string,
  reference: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = manifestName(reference);
  if (!name)
    throw new DistributionError(
      400,
      reference.includes(":") ? "DIGEST_INVALID" : "MANIFEST_INVALID",
      `${JSON.stringify(reference.slice(0, 200))} is neither a tag nor a digest`,
    );
  const bytes = await readWhole(request, maxDocumentBytes);
  await face.room(bytes.length);
  const host = face.addressOf(request.headers.host);
  const [mediaType] = (request.headers["content-type"] ?? "").split(";", 1);
  const put = await putOwnManifest(face.registry, {
    repository,
    name,
    host,
    bytes,
    mediaType: mediaType === "" ? undefined : mediaType?.trim(),
  });
  if (put.kind === "refused")
    throw new DistributionError(put.code === "SIZE_INVALID" ? 413 : 400, put.code, put.message, {
      detail: put.missing?.slice(0, 100).map((digest) => ({ digest })),
    });
  const { digest } = put.descriptor;
  if ("tag" in name) {
    reply.header("oci-tag", name.tag);
    await face.onPush(`${host}/${repository}:${name.tag}`, put.document, request.token?.id);
  }
  if (put.subject !== undefined) reply.header("oci-subject", put.subject);
  return reply
    .status(201)
    .headers({ location: `/v2/${repository}/manifests/${digest}`, "docker-content-digest": digest })
    .send();
}

function manifestName(reference: string): ManifestName | undefined {
  if (isDigest(reference)) return { digest: reference };
  return isTag(reference) ? { tag: reference } : undefined;
}

function unknown(repository: string, reference: string): DistributionError {
  const text = reference.slice(0, 200);
  return new DistributionError(
    404,
    "MANIFEST_UNKNOWN",
    `${repository} has no manifest ${JSON.stringify(text)}`,
    {
      detail: { name: repository, reference: text },
    },
  );
}
