import { createHash } from "node:crypto";
import { formatPlatform, parseDiskOptions, parseSource } from "@bootlayer/image-builder";
import { hostPlatform, parsePlatform } from "@bootlayer/image-spec";
import { ServerError } from "../errors.ts";
import type { BuildRequestBody } from "./build-request.ts";
import { builderRequest } from "./builder-request.ts";

export interface NormalRequest {
  /** With the platform that is meant, in one spelling. */
  readonly request: BuildRequestBody;
  readonly requestKey: string;
  /** `host[:port]` of the registry that has the source, in one spelling. */
  readonly registry: string;
}

/**
 * The request in one spelling, and what names it: equal keys ask for the same.
 *
 * @throws {ServerError} SOURCE_FORBIDDEN for what is no reference in a registry. @throws {BuilderError} SOURCE_INVALID,
 * OPTIONS_INVALID.
 * @throws {RegistryError} REFERENCE_INVALID. @throws {ImageSpecError} PLATFORM_INVALID.
 */
export function normaliseRequest(body: BuildRequestBody): NormalRequest {
  const source = parseSource(body.source);
  if (source.kind !== "registry")
    throw new ServerError(
      "SOURCE_FORBIDDEN",
      `source ${JSON.stringify(body.source.slice(0, 200))} would be read from this server's machine`,
      "name an image in a registry, or push it here and name it by the address that it was pushed to",
    );
  const platform = formatPlatform(
    body.platform === undefined ? hostPlatform() : parsePlatform(body.platform),
  );
  const request: BuildRequestBody = { ...body, platform };
  const { registry, repository, tag, digest } = source.reference;
  const { format, size, compression, blockSize, ...rest } = request;
  const disk = parseDiskOptions(
    builderRequest({ source: body.source, format, size, compression, blockSize }).disk ?? {},
  );
  const named = canonical({ ...rest, source: { registry, repository, tag, digest }, disk });
  const requestKey = createHash("sha256").update(named).digest("hex");
  return { request, requestKey, registry };
}

/** JSON with the members of each object in one order; undefined ones are left out. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
