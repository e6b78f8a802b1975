import type { FastifyReply, FastifyRequest } from "fastify";
import { isRepository, keepOwnBlob, mountOwnBlob } from "@bootlayer/image-builder";
import { isDigest, type Digest } from "@bootlayer/image-spec";
import { DistributionError } from "./distribution-error.ts";
import type { RegistryFace } from "./open-face.ts";
import { queryOf } from "./query.ts";
import type { RegistryPath } from "./registry-path.ts";
import { bodyOf, declaredLength } from "./request-body.ts";
import { requestedDigest } from "./requested-digest.ts";
import { requireMethod } from "./require-method.ts";
import { uploadLocation, uploadRange, type UploadName } from "./upload-answers.ts";

/** end-4 and end-11: begins an upload, or takes all of it at once, or mounts a blob of another repository in its place. */
export async function answerUploads(
  face: RegistryFace,
  { repository }: Extract<RegistryPath, { kind: "uploads" }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireMethod(request, ["POST"]);
  const query = queryOf(request);
  const mount = query.get("mount");
  const from = query.get("from");
  if (mount !== null && from !== null && isDigest(mount) && isRepository(from)) {
    const isMounted = await mountOwnBlob(face.registry, { digest: mount, from, to: repository });
    if (isMounted) return created(reply, repository, mount);
  }
  const whole = query.get("digest");
  const digest = whole === null ? undefined : requestedDigest(whole);
  const upload = await face.sessions.begin(repository);
  if (digest === undefined) return accepted(reply, upload, 0);
  try {
    await append(face, upload, request);
    return await finish(face, upload, digest, reply);
  } catch (error) {
    await face.sessions.cancel(upload).catch(() => {});
    throw error;
  }
}

/** end-5, end-6 and end-13: a part of an upload, its end, how it stands, its end without a blob. */
export async function answerUpload(
  face: RegistryFace,
  { repository, id }: Extract<RegistryPath, { kind: "upload" }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  requireMethod(request, ["GET", "PATCH", "PUT", "DELETE"]);
  const upload = { repository, id };
  switch (request.method) {
    case "PATCH":
      return accepted(reply, upload, await append(face, upload, request));
    case "PUT": {
      const digest = requestedDigest(queryOf(request).get("digest") ?? "");
      await append(face, upload, request);
      return finish(face, upload, digest, reply);
    }
    case "DELETE":
      await face.sessions.cancel(upload);
      return reply.status(204).send();
    default: {
      const length = await face.sessions.length(upload);
      return reply.status(204).headers(progressHeaders(upload, length)).send();
    }
  }
}

function append({ sessions }: RegistryFace, upload: UploadName, request: FastifyRequest): Promise<number> {
  const range = contentRange(request.headers["content-range"]);
  const declared = declaredLength(request);
  if (range && declared !== undefined && declared !== range.length)
    throw new DistributionError(
      400,
      "SIZE_INVALID",
      `Content-Range names ${range.length} bytes, Content-Length ${declared}`,
    );
  return sessions.append(upload, {
    chunks: bodyOf(request),
    abandon: () => request.raw.destroy(),
    start: range?.start,
    length: range?.length ?? declared,
  });
}

/** `<first>-<last>`, as the specification has it, or as HTTP has it: `bytes <first>-<last>/<all>`. */
function contentRange(
  header: string | undefined,
): { readonly start: number; readonly length: number } | undefined {
  if (header === undefined) return undefined;
  const [, first = "", last = ""] =
    /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/.exec(header) ?? [];
  if (first === "" || Number(last) < Number(first))
    throw new DistributionError(
      400,
      "BLOB_UPLOAD_INVALID",
      `Content-Range ${JSON.stringify(header.slice(0, 100))} is none`,
    );
  return { start: Number(first), length: Number(last) - Number(first) + 1 };
}

async function finish(
  { registry, sessions }: RegistryFace,
  upload: UploadName,
  digest: Digest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { repository } = upload;
  await sessions.finish(upload, digest, (path, size) =>
    keepOwnBlob(registry, repository, { digest, size }, { path }),
  );
  return created(reply, repository, digest);
}

function accepted(reply: FastifyReply, upload: UploadName, length: number): FastifyReply {
  return reply.status(202).headers(progressHeaders(upload, length)).send();
}

function progressHeaders(upload: UploadName, length: number): Record<string, string> {
  return {
    location: uploadLocation(upload),
    range: uploadRange(length),
    "docker-upload-uuid": upload.id,
  };
}

function created(reply: FastifyReply, repository: string, digest: Digest): FastifyReply {
  const headers = { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest };
  return reply.status(201).headers(headers).send();
}
