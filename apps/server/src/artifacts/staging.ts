import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, isOwnerAlive, makeDirectory, ownerTag, parseOwnerTag } from "@bootlayer/durable-file";
import { artifactName } from "./artifact-name.ts";
import type { ArtifactFormat, StagedArtifact } from "./artifact-store.ts";

/** A staged disk of another machine or boot is given up after a day without a write. */
const foreignAgeMilliseconds = 24 * 60 * 60 * 1000;

/** Builds write beside the name they are given, so each staged disk has a directory of its own, named by who makes it. */
const directoryPattern = /^[0-9a-f]{64}\.(?:ext4|squashfs)\.(.+)$/;

/** A directory for disks that are being made; several servers may share it. @throws {DurableFileError} */
export async function stageArtifact(
  staging: string,
  key: string,
  format: ArtifactFormat,
): Promise<StagedArtifact> {
  const name = artifactName(key, format);
  const directory = join(staging, `${name}.${ownerTag()}`);
  await makeDirectory(directory);
  return {
    path: join(directory, name),
    async discard() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Removes what processes left that are gone, and answers how many disks that were. @throws {DurableFileError} */
export async function sweepStaging(staging: string): Promise<number> {
  let swept = 0;
  const names = await readdir(staging).catch((cause: unknown) => {
    throw fileError(`list ${staging}`, cause);
  });
  for (const name of names) {
    const owner = parseOwnerTag(directoryPattern.exec(name)?.[1] ?? "");
    if (owner === undefined) continue;
    const path = join(staging, name);
    if (isOwnerAlive(owner) ?? (await isRecent(path))) continue;
    await rm(path, { recursive: true, force: true });
    swept += 1;
  }
  return swept;
}

/** By what is in it: a directory's own time does not follow writes to its files. */
async function isRecent(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => []);
  const times = await Promise.all(
    [directory, ...names.map((name) => join(directory, name))].map(async (path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Date.now() - Math.max(...times) < foreignAgeMilliseconds;
}
