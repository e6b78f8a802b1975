import { isIPv6 } from "node:net";
import { ImageSpecError, parseDigest, type Digest } from "@bootlayer/image-spec";
import { RegistryError } from "./errors.ts";

/** What a person calls an image, in full (distribution-spec "Pulling manifests"; Docker's short forms are expanded). */
export interface Reference {
  /** `host` or `host:port` as named (docker.io, not the host of its API), in lower case if it has a dot or a port. */
  readonly registry: string;
  /** The name within the registry, with `library/` where Docker implies it. */
  readonly repository: string;
  /** `latest` where neither tag nor digest was named. Beside a digest it is only for display. */
  readonly tag?: string;
  /** Decides, if there is one. */
  readonly digest?: Digest;
}

const maxRegistryLength = 255;
const maxRepositoryLength = 255;
const repositoryPattern =
  /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/**
 * Reads `[registry/]repository[:tag][@digest]`. The first component is a registry if it has a `.` or a `:`, is
 * `localhost`, or has an uppercase letter; otherwise the registry is docker.io.
 *
 * @throws {RegistryError} REFERENCE_INVALID.
 */
export function parseReference(text: string): Reference {
  const fail = (what: string, hint: string, cause?: unknown) =>
    new RegistryError("REFERENCE_INVALID", `${JSON.stringify(text.slice(0, 300))} ${what}`, hint, { cause });
  if (/^[a-z-]+:\/\//.test(text))
    throw fail("starts with a URL scheme", "write the registry's host alone, such as ghcr.io/owner/name:tag");
  if (/^[0-9a-f]{64}$/.test(text))
    throw fail(
      "is 64 hex digits, which is an image ID",
      "name a repository, with @sha256: before the digits if they are a digest",
    );

  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  let digest: Digest | undefined;
  try {
    digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  } catch (cause) {
    throw fail("has no digest after its @", cause instanceof ImageSpecError ? cause.hint : "", cause);
  }

  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  const hasRegistry = /[.:A-Z]/.test(first) || first === "localhost";
  const path = hasRegistry ? named.slice(slash + 1) : named;
  const colon = path.lastIndexOf(":");
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  const name = colon < 0 ? path : path.slice(0, colon);
  if (tag !== undefined && !isTag(tag))
    throw fail(
      "has no valid tag",
      "a tag is 1 to 128 letters, digits, '_', '.' and '-', and starts with none of the last two",
    );

  const spelled = hasRegistry ? parseRegistry(first) : "docker.io";
  // An uppercase letter alone can make it a registry: written in lower case it would be read as part of the path.
  const registry =
    spelled !== undefined && /^[a-z0-9-]+$/.test(spelled) && spelled !== "localhost" ? first : spelled;
  if (registry === undefined)
    throw fail(
      `names no valid registry: ${JSON.stringify(first.slice(0, 100))}`,
      "a registry is a host name or address, with :port if need be",
    );
  const repository = registry === "docker.io" && !name.includes("/") ? `library/${name}` : name;
  if (!isRepository(repository))
    throw fail(
      "has no valid repository name",
      `a repository is at most ${maxRepositoryLength} lowercase letters and digits, separated by '/', '.', '_', '__' or '-'`,
    );

  const decided = tag === undefined && digest === undefined ? "latest" : tag;
  return {
    registry,
    repository,
    ...(decided === undefined ? {} : { tag: decided }),
    ...(digest === undefined ? {} : { digest }),
  };
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

export function isRepository(text: string): boolean {
  return text.length <= maxRepositoryLength && repositoryPattern.test(text);
}

/** The full form; `parseReference` reads the same reference from it. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** `host[:port]` in one spelling; undefined for anything else. Docker's old name index.docker.io is docker.io. */
export function parseRegistry(text: string): string | undefined {
  if (text.length > maxRegistryLength) return undefined;
  const [, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/.exec(text.toLowerCase()) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  const spelled = host.startsWith("[") ? parseIPv6Host(host) : parseHost(host);
  if (spelled === undefined) return undefined;
  const registry = port === undefined ? spelled : `${spelled}:${Number(port)}`;
  return registry === "index.docker.io" ? "docker.io" : registry;
}

function parseIPv6Host(host: string): string | undefined {
  const address = host.slice(1, -1);
  // A zone (fe80::1%eth0) names an interface of one machine, not a registry.
  return isIPv6(address) && !address.includes("%") ? new URL(`http://${host}`).hostname : undefined;
}

function parseHost(host: string): string | undefined {
  if (!hostPattern.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  // URLs read 127.1, 0x7f.1 and 2130706433 as 127.0.0.1: such spellings would be checked as one host, reached as another.
  return new URL(`http://${host}`).hostname === host ? host : undefined;
}
