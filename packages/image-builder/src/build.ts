import { openBlobStore } from "@bootlayer/blob-store";
import { createExt4Image } from "@bootlayer/ext4-writer";
import { isBootlayerError } from "@bootlayer/errors";
import type { Digest, Platform } from "@bootlayer/image-spec";
import { flattenLayers, type FlattenStatistics } from "@bootlayer/layer-flattener";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import {
  describeArtifact,
  artifactPath,
  findArtifact,
  keepArtifact,
  type Artifact,
} from "./artifact-cache.ts";
import { buildKey, derivedUuid, type BuildKey } from "./build-key.ts";
import {
  parseBuildOptions,
  type BuildOptions,
  type BuildRequest,
  type Environment,
} from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { diskSha256 } from "./disk-digest.ts";
import type { BuildEvent, StageReport } from "./events.ts";
import { openSource } from "./open-source.ts";
import type { OpenedSource } from "./opened-source.ts";
import { keepXattr } from "./keep-xattr.ts";
import { checkOutput } from "./output-file.ts";
import { sourceTime } from "./source-time.ts";
import { copyDisk } from "./sparse-copy.ts";
import { stageClock, type StageClock } from "./stages.ts";

/** A disk that is in place. */
export interface BuildResult {
  /** As asked for. */
  readonly source: string;
  /** Of the manifest that the disk was made from. */
  readonly digest: Digest;
  readonly platform: Platform;
  readonly format: "ext4";
  /** Absolute path of the disk. */
  readonly output: string;
  /** Length of the disk in bytes, holes included. */
  readonly bytes: number;
  /** Bytes of the disk that are not holes. */
  readonly dataBytes: number;
  /** Hex, if asked for. */
  readonly sha256: string | undefined;
  readonly key: BuildKey;
  /** Whether the disk came from the cache. */
  readonly cached: boolean;
  /** In the order in which they ended. */
  readonly stages: readonly StageReport[];
  /** Absent where the disk came from the cache. */
  readonly statistics: FlattenStatistics | undefined;
}

/** What the steps of one build share. */
interface Build {
  readonly options: BuildOptions;
  readonly store: string;
  readonly source: OpenedSource;
  readonly key: BuildKey;
  readonly clock: StageClock;
  readonly onEvent: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes a bootable disk of an image. The disk appears under its name whole and durable, or not at all; the same image,
 * options and version make the same bytes.
 *
 * @throws {BootlayerError} of the package that met the trouble; CANCELLED once the signal is aborted.
 */
export async function buildDisk(request: BuildRequest, environment: Environment): Promise<BuildResult> {
  return withCancellation(environment.signal, async (signal) => {
    const options = parseBuildOptions(request);
    await checkOutput(options.output);
    const onEvent = environment.onEvent ?? (() => {});
    const clock = stageClock(onEvent);
    await using source = await openSource(request, environment, { clock, onEvent, signal });
    const { image } = source;
    const time = sourceTime(image.config, request.sourceDateEpoch);
    const key = buildKey({ manifestDigest: image.descriptor.digest, disk: options.disk, time });
    const build: Build = { options, store: environment.store, source, key, clock, onEvent, signal };

    const found = options.cache ? await findArtifact(environment.store, key) : undefined;
    const { artifact, statistics } = found
      ? { artifact: await copyFromCache(build, found), statistics: undefined }
      : await makeDisk(build, time);
    const sha256 = options.sha256 ? await hashDisk(build, artifact, found !== undefined) : undefined;

    return {
      source: request.source,
      digest: image.descriptor.digest,
      platform: image.platform,
      format: options.disk.format,
      output: options.output,
      bytes: artifact.bytes,
      dataBytes: dataBytes(artifact),
      sha256,
      key,
      cached: found !== undefined,
      stages: clock.reports(),
      statistics,
    };
  });
}

async function makeDisk(
  build: Build,
  time: Timestamp,
): Promise<{ artifact: Artifact; statistics: FlattenStatistics }> {
  const { options, source, key, clock, onEvent, signal } = build;
  const { size, blockSize, journal, label, selinuxLabels } = options.disk;
  const writer = await createExt4Image(options.output, {
    size,
    blockSize,
    journal,
    label,
    time,
    uuid: derivedUuid(key, "file-system"),
    hashSeed: derivedUuid(key, "directory-hash-seed"),
    signal,
  });
  try {
    const fetched = source.fetchLayers();
    const flattened = await clock.run("flatten", async () => {
      const result = await flattenLayers(fetched.layers, writer, {
        ...options.flatten,
        signal,
        onEvent,
        keepXattr: keepXattr({ selinuxLabels }),
      });
      return { result, bytes: result.statistics.unpackedBytes };
    });
    await fetched.complete;
    const summary = await clock.run("write", async () => {
      const result = await writer.finish(flattened.root);
      return { result, bytes: dataBytes(result) };
    });
    const artifact = { key, bytes: summary.bytes, dataRegions: summary.dataRegions };
    if (options.cache) await keepInCache(build, artifact);
    return { artifact, statistics: flattened.statistics };
  } catch (cause) {
    await writer.abort();
    throw cause;
  }
}

async function copyFromCache(
  { options, store, key, clock, onEvent, signal }: Build,
  artifact: Artifact,
): Promise<Artifact> {
  onEvent({ kind: "cache-hit", key });
  return clock.run("copy", async () => {
    await copyDisk(artifactPath(store, key, "disk"), options.output, artifact, signal);
    return { result: artifact, bytes: dataBytes(artifact) };
  });
}

/** A store that is full or read-only must not spoil a disk that is already in place. */
async function keepInCache(
  { options, store, clock, onEvent, signal }: Build,
  artifact: Artifact,
): Promise<void> {
  await clock.run("cache", async () => {
    try {
      // An image from a layout may be the first thing that the store gets.
      await openBlobStore(store);
      await keepArtifact(store, artifact, options.output, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isBootlayerError(error)) throw error;
      onEvent({ kind: "cache-skipped", error });
    }
    return { result: undefined, bytes: dataBytes(artifact) };
  });
}

/** The sha256 of the disk, remembered with it where the cache holds it. */
async function hashDisk(
  { options, store, clock, signal }: Build,
  artifact: Artifact,
  cached: boolean,
): Promise<string> {
  if (artifact.sha256 !== undefined) return artifact.sha256;
  const sha256 = await clock.run("digest", async () => ({
    result: await diskSha256(options.output, artifact, signal),
    bytes: artifact.bytes,
  }));
  if (cached || (options.cache && (await findArtifact(store, artifact.key))))
    await describeArtifact(store, { ...artifact, sha256 });
  return sha256;
}

function dataBytes({ dataRegions }: Pick<Artifact, "dataRegions">): number {
  return dataRegions.reduce((sum, { length }) => sum + length, 0);
}
