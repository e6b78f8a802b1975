import type { Descriptor, Digest, Platform, ResolvedImage } from "@bootlayer/image-spec";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import { buildKey, type BuildKey } from "./build-key.ts";
import {
  parseIdentityOptions,
  type BuildOptions,
  type BuildRequest,
  type Environment,
} from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { prepareBuildGuest, type BuildGuest } from "./guest-build.ts";
import { openSource } from "./open-source.ts";
import { sourceTime } from "./source-time.ts";
import { stageClock } from "./stages.ts";

/** What would be built, as far as it can be known without a layer. */
export interface ResolvedBuild {
  /** Of the manifest for the platform. */
  readonly digest: Digest;
  readonly platform: Platform;
  readonly key: BuildKey;
  /** The base layer first. */
  readonly layers: readonly Descriptor[];
}

/**
 * The key of the disk that `buildDisk` would make of the same request; no layer is pulled and nothing is written but what the store
 * keeps of documents.
 *
 * @throws {BootlayerError} what `buildDisk` throws of the source, its documents and the options; CANCELLED.
 */
export async function resolveBuild(
  request: Omit<BuildRequest, "output">,
  environment: Environment,
): Promise<ResolvedBuild> {
  return withCancellation(environment.signal, async (signal) => {
    const options = parseIdentityOptions(request);
    const onEvent = environment.onEvent ?? (() => {});
    await using source = await openSource(request, environment, {
      clock: stageClock(onEvent),
      onEvent,
      signal,
    });
    const { image } = source;
    const { key } = await identifyBuild(options, image, request, signal);
    const { descriptor, platform, manifest } = image;
    return { digest: descriptor.digest, platform, key, layers: manifest.layers };
  });
}

/** What decides a disk's bytes, once the image is known. */
export interface IdentifiedBuild {
  readonly key: BuildKey;
  readonly time: Timestamp;
  readonly guest: BuildGuest | undefined;
}

/** Reads what of the guest comes from the host. A guest in an initrd is no part of the disk. */
export async function identifyBuild(
  options: Pick<BuildOptions, "disk" | "guest">,
  image: ResolvedImage,
  { sourceDateEpoch }: Pick<BuildRequest, "sourceDateEpoch">,
  signal: AbortSignal,
): Promise<IdentifiedBuild> {
  const guest = await prepareBuildGuest(options, image, signal);
  const time = sourceTime(image.config, sourceDateEpoch);
  const key = buildKey({
    manifestDigest: image.descriptor.digest,
    disk: options.disk,
    time,
    guest: options.guest?.as === "layer" ? guest?.identity : undefined,
  });
  return { key, time, guest };
}
