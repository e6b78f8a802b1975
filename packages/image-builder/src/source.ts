import { parseDigest, type Digest } from "@bootlayer/image-spec";
import { formatReference, parseReference, type Reference } from "@bootlayer/registry-client";
import { BuilderError } from "./errors.ts";

/** Where an image is asked from. */
export type Source = Readonly<
  | { kind: "registry"; reference: Reference }
  | { kind: "oci-layout"; directory: string; tag?: string | undefined; digest?: Digest | undefined }
  | { kind: "oci-archive"; file: string; tag?: string | undefined; digest?: Digest | undefined }
  | { kind: "docker-archive"; file: string; image: DockerArchiveImage }
  /** `image` as the daemon is asked for it: a full reference, or an image ID. */
  | { kind: "docker-daemon"; image: string }
  /** An archive of either kind on standard input. */
  | { kind: "archive-input" }
  | { kind: "rootfs"; directory: string }
  | { kind: "tar"; file: string }
  /** A tar of a root file system on standard input. */
  | { kind: "tar-input" }
>;

/** Which image of an archive: by a full reference, by its place from 0, or the only one. */
export type DockerArchiveImage = Readonly<
  { by: "reference"; reference: string } | { by: "index"; index: number } | { by: "being-alone" }
>;

/** Transports that other tools know and that would otherwise be read as a host and a tag. */
const otherTransports = /^(docker|containers-storage|dir|ostree|docker-archive-index|sif|tarball):/;

const forms =
  "write a reference such as docker.io/library/alpine:3.22, oci:DIR[:TAG], oci-archive:FILE[:TAG], " +
  "docker-archive:FILE[:REF], docker-daemon:REF, rootfs:DIR, tar:FILE, or - for an archive on standard input";

/**
 * Reads what a person calls an image:
 *
 * - `oci:DIRECTORY[:TAG]`, `oci:DIRECTORY@sha256:HEX`: an OCI image layout
 * - `oci-archive:FILE[:TAG]`, `oci-archive:FILE@sha256:HEX`: a tar of one
 * - `docker-archive:FILE[:REFERENCE]`, `docker-archive:FILE:@INDEX`: what `docker save` writes
 * - `docker-daemon:REFERENCE`, `docker-daemon:IMAGE-ID`: an image of a Docker engine
 * - `-`: an archive of either kind on standard input
 * - `rootfs:DIRECTORY`: a directory as the whole of an image
 * - `tar:FILE`, `tar:-`: the same in a tar
 * - all else: a reference in a registry
 *
 * The name of a layout or of an image archive ends at its first colon, as in skopeo.
 *
 * @throws {BuilderError} SOURCE_INVALID. @throws {RegistryError} for a reference that is none.
 * @throws {ImageSpecError} for a digest that is none.
 */
export function parseSource(text: string): Source {
  if (text === "-") return { kind: "archive-input" };
  const [, transport = "", rest = ""] = /^([a-z-]+):(.*)$/s.exec(text) ?? [];
  switch (transport) {
    case "oci": {
      const { path, ...image } = layoutImage(text, rest, "directory");
      return { kind: "oci-layout", directory: path, ...image };
    }
    case "oci-archive": {
      const { path, ...image } = layoutImage(text, rest, "file");
      return { kind: "oci-archive", file: path, ...image };
    }
    case "docker-archive": {
      const { path, name } = splitPath(text, rest, "file");
      return { kind: "docker-archive", file: path, image: dockerArchiveImage(name) };
    }
    case "docker-daemon":
      return { kind: "docker-daemon", image: daemonImage(rest) };
    case "rootfs":
      return { kind: "rootfs", directory: named(text, rest, "directory") };
    case "tar":
      return rest === "-" ? { kind: "tar-input" } : { kind: "tar", file: named(text, rest, "file") };
  }
  const [, other] = otherTransports.exec(text) ?? [];
  if (other !== undefined)
    throw new BuilderError("SOURCE_INVALID", `source ${quoted(text)}: ${other}: is not supported`, forms);
  return { kind: "registry", reference: parseReference(text) };
}

/** Whether reading the source takes all of standard input. */
export function readsInput({ kind }: Source): boolean {
  return kind === "archive-input" || kind === "tar-input";
}

function layoutImage(
  text: string,
  rest: string,
  what: "directory" | "file",
): { readonly path: string; readonly tag?: string; readonly digest?: Digest } {
  const [, path, digest] = /^([^:]+)@(sha(?:256|512):[^:]*)$/s.exec(rest) ?? [];
  if (path !== undefined && digest !== undefined) return { path, digest: parseDigest(digest) };
  const { path: named, name } = splitPath(text, rest, what);
  return { path: named, ...(name === undefined ? {} : { tag: name }) };
}

function splitPath(
  text: string,
  rest: string,
  what: "directory" | "file",
): { readonly path: string; readonly name: string | undefined } {
  const [, path = "", name] = /^([^:]+)(?::(.+))?$/s.exec(rest) ?? [];
  return { path: named(text, path, what), name };
}

function named(text: string, path: string, what: "directory" | "file"): string {
  if (path === "" || path.includes("\0"))
    throw new BuilderError("SOURCE_INVALID", `source ${quoted(text)} names no ${what}`, forms);
  return path;
}

function dockerArchiveImage(name: string | undefined): DockerArchiveImage {
  if (name === undefined) return { by: "being-alone" };
  const [, index] = /^@(\d{1,6})$/.exec(name) ?? [];
  if (index !== undefined) return { by: "index", index: Number(index) };
  return { by: "reference", reference: formatReference(parseReference(name)) };
}

/** With a digest the tag is only for display: the engine takes one of them. */
function daemonImage(text: string): string {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(text)) return text;
  const { tag, ...reference } = parseReference(text);
  return formatReference({
    ...reference,
    ...(reference.digest === undefined && tag !== undefined ? { tag } : {}),
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 300));
}
