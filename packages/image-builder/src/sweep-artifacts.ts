import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, namesIn, removeAllStaleTemporaries } from "@bootlayer/durable-file";
import type { Digest } from "@bootlayer/image-spec";
import { artifactDirectory, manifestOfArtifact } from "./artifact-cache.ts";

/** A finished disk or initrd that was, or would be, removed. */
export interface SweptArtifact {
  /** Its build key. */
  readonly key: string;
  /** That it takes on disk, where it shares none with a copy. */
  readonly bytes: number;
}

export interface SweepOptions {
  /** Whether the image of this manifest is still wanted. */
  readonly isNeeded: (manifest: Digest) => boolean;
  /** What was written or used after this instant stays (milliseconds since 1970). */
  readonly youngest: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Removes finished disks and initrds of images that are not needed, and parts that killed processes left. */
export async function sweepArtifacts(
  storeDirectory: string,
  { isNeeded, youngest, dryRun, signal }: SweepOptions,
): Promise<readonly SweptArtifact[]> {
  const directory = artifactDirectory(storeDirectory);
  const names = await namesIn(directory);
  if (!dryRun && names.length > 0) await removeAllStaleTemporaries(directory);
  const keys = new Set(names.flatMap((name) => /^([0-9a-f]{64})\.(?:disk|json)$/.exec(name)?.[1] ?? []));
  const swept: SweptArtifact[] = [];
  for (const key of keys) {
    signal.throwIfAborted();
    // The description goes first: without it the disk counts as absent.
    const paths = [join(directory, `${key}.json`), join(directory, `${key}.disk`)];
    const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
    if (found.some((file) => file !== undefined && file.mtimeMs > youngest)) continue;
    const manifest = await manifestOfArtifact(storeDirectory, key);
    if (manifest !== undefined && isNeeded(manifest)) continue;
    if (!dryRun)
      for (const path of paths)
        await rm(path, { force: true }).catch((cause: unknown) => {
          throw fileError(`remove ${path}`, cause);
        });
    swept.push({ key, bytes: found.reduce((sum, file) => sum + (file?.blocks ?? 0) * 512, 0) });
  }
  return swept;
}
