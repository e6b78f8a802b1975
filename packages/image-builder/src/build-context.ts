import { openBlobStore } from "@bootlayer/blob-store";
import { isBootlayerError } from "@bootlayer/errors";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import { artifactPath, keepArtifact, touchArtifact, type Artifact } from "./artifact-cache.ts";
import type { BuildKey } from "./build-key.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuildEvent } from "./events.ts";
import type { OpenedSource } from "./opened-source.ts";
import { copyDisk } from "./sparse-copy.ts";
import type { StageClock } from "./stages.ts";

/** What the steps of one build share. */
export interface BuildContext {
  readonly options: BuildOptions;
  readonly store: string;
  readonly source: OpenedSource;
  /** Of the disk. */
  readonly key: BuildKey;
  /** That the disk and what is put into it carry. */
  readonly time: Timestamp;
  readonly clock: StageClock;
  readonly onEvent: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

/** Copies what the cache has to its place. */
export async function copyFromCache(
  { store, clock, onEvent, signal }: BuildContext,
  artifact: Artifact,
  path: string,
): Promise<void> {
  onEvent({ kind: "cache-hit", key: artifact.key });
  await touchArtifact(store, artifact.key);
  await clock.run("copy", async () => {
    await copyDisk(artifactPath(store, artifact.key, "disk"), path, artifact, signal);
    return { result: undefined, bytes: dataBytes(artifact) };
  });
}

/** A store that is full or read-only must not spoil what is already in place. */
export async function keepInCache(
  { store, clock, onEvent, signal }: BuildContext,
  artifact: Artifact,
  path: string,
): Promise<void> {
  await clock.run("cache", async () => {
    try {
      // An image from a layout may be the first thing that the store gets.
      await openBlobStore(store);
      await keepArtifact(store, artifact, path, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isBootlayerError(error)) throw error;
      onEvent({ kind: "cache-skipped", error });
    }
    return { result: undefined, bytes: dataBytes(artifact) };
  });
}

export function dataBytes({ dataRegions }: Pick<Artifact, "dataRegions">): number {
  return dataRegions.reduce((sum, { length }) => sum + length, 0);
}
