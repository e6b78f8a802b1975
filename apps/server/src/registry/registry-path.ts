import { isRepository } from "@bootlayer/image-builder";
import { DistributionError } from "./distribution-error.ts";

/** What a path below `/v2/` names (distribution-spec "Endpoints"). The last part is as the client wrote it. */
export type RegistryPath = Readonly<
  | { kind: "base" }
  | { kind: "blob"; repository: string; digest: string }
  | { kind: "uploads"; repository: string }
  | { kind: "upload"; repository: string; id: string }
  | { kind: "manifest"; repository: string; reference: string }
  | { kind: "tags"; repository: string }
  | { kind: "referrers"; repository: string; digest: string }
>;

/**
 * Reads a path from its end: the components of a repository may be called `blobs` and `manifests` too. Undefined for what
 * no endpoint has.
 *
 * @throws {DistributionError} NAME_INVALID.
 */
export function parseRegistryPath(path: string): RegistryPath | undefined {
  if (path === "/v2" || path === "/v2/") return { kind: "base" };
  const parts = path.startsWith("/v2/") ? path.slice("/v2/".length).split("/").map(decodePart) : [];
  const named = (count: number): string => {
    const repository = parts.slice(0, -count).join("/");
    if (isRepository(repository)) return repository;
    throw new DistributionError(
      400,
      "NAME_INVALID",
      `${JSON.stringify(repository.slice(0, 300))} is no repository's name`,
    );
  };
  const [third, second, last] = ["", "", "", ...parts].slice(-3);
  if (last === undefined || second === undefined) return undefined;
  if (third === "blobs" && second === "uploads")
    return last === ""
      ? { kind: "uploads", repository: named(3) }
      : { kind: "upload", repository: named(3), id: last };
  if (second === "blobs" && last === "uploads") return { kind: "uploads", repository: named(2) };
  if (second === "blobs") return { kind: "blob", repository: named(2), digest: last };
  if (second === "manifests") return { kind: "manifest", repository: named(2), reference: last };
  if (second === "tags" && last === "list") return { kind: "tags", repository: named(2) };
  if (second === "referrers") return { kind: "referrers", repository: named(2), digest: last };
  return undefined;
}

/** Some clients write the colon of a digest as `%3A`. */
function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
