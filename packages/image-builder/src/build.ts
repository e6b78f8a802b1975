import type { Descriptor, Digest, Platform } from "@bootlayer/image-spec";
import type { FlattenStatistics } from "@bootlayer/layer-flattener";
import type { DataRegion } from "@bootlayer/rootfs-tree";
import { describeArtifact, findArtifact, type Artifact } from "./artifact-cache.ts";
import { copyFromCache, dataBytes, keepInCache, type BuildContext } from "./build-context.ts";
import type { BuildKey } from "./build-key.ts";
import { parseBuildOptions, type BuildRequest, type Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { diskSha256 } from "./disk-digest.ts";
import type { DiskOptions } from "./disk-options.ts";
import type { BuildEvent, StageReport } from "./events.ts";
import type { BuildGuest, GuestFacts, GuestReport } from "./guest-build.ts";
import { layerTimes, type LayerReport } from "./layer-times.ts";
import { makeDisk } from "./make-disk.ts";
import { cachedInitrd, newInitrd, readTree, type PendingInitrd } from "./make-initrd.ts";
import { openSource } from "./open-source.ts";
import { checkOutput } from "./output-file.ts";
import { identifyBuild } from "./resolve-build.ts";
import { stageClock } from "./stages.ts";

/** A disk that is in place. */
export interface BuildResult {
  /** As asked for. */
  readonly source: string;
  /** Of the manifest that the disk was made from. */
  readonly digest: Digest;
  /** That manifest. */
  readonly manifest: Descriptor;
  readonly platform: Platform;
  readonly format: DiskOptions["format"];
  /** Absolute path of the disk. */
  readonly output: string;
  /** Length of the disk in bytes, holes included. */
  readonly bytes: number;
  /** Bytes of the disk that are not holes. */
  readonly dataBytes: number;
  /** Where those are, in ascending order; all bytes outside are zero. */
  readonly dataRegions: readonly DataRegion[];
  /** Hex, if asked for. */
  readonly sha256: string | undefined;
  readonly key: BuildKey;
  /** Whether the disk came from the cache. */
  readonly cached: boolean;
  /** In the order in which they ended. */
  readonly stages: readonly StageReport[];
  /** How each layer came and was flattened, the base layer first. */
  readonly layers: readonly LayerReport[];
  /** Absent where the disk came from the cache. */
  readonly statistics: FlattenStatistics | undefined;
  /** What of the image the disk does not hold, a sentence each; those on the guest are the guest's. */
  readonly warnings: readonly string[];
  /** Absent where no guest was asked for. */
  readonly guest: GuestReport | undefined;
}

/** A disk in its place, and what is known of it. */
interface PlacedDisk {
  readonly artifact: Artifact;
  readonly cached: boolean;
  readonly statistics: FlattenStatistics | undefined;
  readonly guest: GuestFacts | undefined;
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
    const initrd = options.guest?.as === "initrd" ? options.guest.initrd : undefined;
    if (initrd !== undefined) await checkOutput(initrd);
    const tell = environment.onEvent ?? (() => {});
    const clock = stageClock(tell);
    const times = layerTimes(() => clock.now());
    const onEvent = (event: BuildEvent): void => {
      times.observe(event);
      tell(event);
    };
    await using source = await openSource(request, environment, { clock, onEvent, signal });
    const { image } = source;
    const { key, time, guest } = await identifyBuild(options, image, request, signal);
    const build: BuildContext = {
      options,
      store: environment.store,
      source,
      key,
      time,
      clock,
      onEvent,
      signal,
    };
    const disk =
      guest && initrd !== undefined
        ? await placeDiskAndInitrd(build, guest, initrd)
        : await placeDisk(build, guest);
    const sha256 = options.sha256 ? await hashDisk(build, disk) : undefined;

    return {
      source: request.source,
      digest: image.descriptor.digest,
      manifest: manifestOf(image.descriptor),
      platform: image.platform,
      format: options.disk.format,
      output: options.output,
      bytes: disk.artifact.bytes,
      dataBytes: dataBytes(disk.artifact),
      dataRegions: disk.artifact.dataRegions,
      sha256,
      key,
      cached: disk.cached,
      stages: clock.reports(),
      layers: times.reports(),
      statistics: disk.statistics,
      warnings: [...(source.warnings ?? []), ...disk.artifact.warnings],
      guest: options.guest && disk.guest && { as: options.guest.as, initrd, ...disk.guest },
    };
  });
}

/** The image's disk, with the guest on top if there is one. */
async function placeDisk(build: BuildContext, guest: BuildGuest | undefined): Promise<PlacedDisk> {
  const { options, store, key } = build;
  const found = options.cache ? await findArtifact(store, key) : undefined;
  if (found && (found.guest !== undefined || guest === undefined)) {
    await copyFromCache(build, found, options.output);
    return { artifact: found, cached: true, statistics: undefined, guest: found.guest };
  }
  const { artifact, statistics } = await makeDisk(build, { guest });
  if (options.cache) await keepInCache(build, artifact, options.output);
  return { artifact, cached: false, statistics, guest: artifact.guest };
}

/** The image's disk as if there were no guest, and the guest beside it. */
async function placeDiskAndInitrd(build: BuildContext, guest: BuildGuest, path: string): Promise<PlacedDisk> {
  const { options, store, key } = build;
  const found = options.cache ? await findArtifact(store, key) : undefined;
  let initrd: PendingInitrd | undefined;
  try {
    if (found) {
      initrd =
        (await cachedInitrd(build, guest, path)) ??
        (await newInitrd(build, guest, path, await readTree(build)));
      await copyFromCache(build, found, options.output);
      await initrd.place();
      return { artifact: found, cached: true, statistics: undefined, guest: initrd.facts };
    }
    const { artifact, statistics } = await makeDisk(build, {
      async onTree(tree) {
        initrd = await newInitrd(build, guest, path, tree);
      },
    });
    if (options.cache) await keepInCache(build, artifact, options.output);
    await initrd?.place();
    return { artifact, cached: false, statistics, guest: initrd?.facts };
  } catch (cause) {
    await initrd?.discard();
    throw cause;
  }
}

/** The sha256 of the disk, remembered with it where the cache holds it. */
async function hashDisk(
  { options, store, clock, signal }: BuildContext,
  { artifact, cached }: PlacedDisk,
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

/** What says which bytes it is, without what an index says of it. */
function manifestOf({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
