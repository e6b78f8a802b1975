import { ServerError } from "../errors.ts";
import type { ArtifactFormat } from "./artifact-store.ts";

const pattern = /^[0-9a-f]{64}\.(?:ext4|squashfs)$/;

/** What a disk is called in its store. */
export function artifactName(key: string, format: ArtifactFormat): string {
  return checkedArtifactName(`${key}.${format}`);
}

export function isArtifactName(name: string): boolean {
  return pattern.test(name);
}

/** Names come from the database, and paths and addresses are made of them. @throws {ServerError} ARTIFACT_NOT_FOUND. */
export function checkedArtifactName(name: string): string {
  if (isArtifactName(name)) return name;
  throw artifactNotFound(name);
}

export function artifactNotFound(location: string, cause?: unknown): ServerError {
  return new ServerError(
    "ARTIFACT_NOT_FOUND",
    `the disk ${location.slice(0, 100)} is not in the store`,
    "it was removed, by retention or by hand: build it again",
    { cause },
  );
}
