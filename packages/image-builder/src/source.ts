import { parseReference, type Reference } from "@bootlayer/registry-client";
import { BuilderError } from "./errors.ts";

/** Where an image is asked from. */
export type Source = Readonly<
  | { kind: "registry"; reference: Reference }
  | { kind: "oci-layout"; directory: string; tag: string | undefined }
>;

/** Transports that other tools know and that would otherwise be read as a host and a tag. */
const otherTransports =
  /^(docker|docker-archive|docker-daemon|oci-archive|containers-storage|dir|ostree|rootfs|tar):/;

/**
 * Reads `oci:DIRECTORY[:TAG]` (an OCI image layout; the directory's name has no colon, as in skopeo) or an image's
 * reference in a registry.
 *
 * @throws {BuilderError} SOURCE_INVALID. @throws {RegistryError} for a reference that is none.
 */
export function parseSource(text: string): Source {
  if (text.startsWith("oci:")) {
    const [, directory, tag] = /^oci:([^:]+)(?::(.+))?$/s.exec(text) ?? [];
    if (directory === undefined)
      throw new BuilderError(
        "SOURCE_INVALID",
        `${JSON.stringify(text)} names no directory`,
        "write oci:DIRECTORY or oci:DIRECTORY:TAG",
      );
    return { kind: "oci-layout", directory, tag };
  }
  const [, transport] = otherTransports.exec(text) ?? [];
  if (transport !== undefined)
    throw new BuilderError(
      "SOURCE_INVALID",
      `source ${JSON.stringify(text)}: ${transport}: is not supported`,
      "write a reference such as docker.io/library/alpine:3.22, or oci:DIRECTORY[:TAG]",
    );
  return { kind: "registry", reference: parseReference(text) };
}
