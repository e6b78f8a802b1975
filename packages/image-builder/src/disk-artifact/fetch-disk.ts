import { resolve } from "node:path";
import { verifyBlob, type Digest } from "@bootlayer/image-spec";
import { fetchBlob, formatReference } from "@bootlayer/registry-client";
import type { DataRegion } from "@bootlayer/rootfs-tree";
import type { Environment } from "../build-options.ts";
import { withCancellation } from "../cancellation.ts";
import { connectRegistry } from "../connect-registry.ts";
import type { StageReport } from "../events.ts";
import { checkOutput } from "../output-file.ts";
import { registryReference } from "../pull-image.ts";
import { stageClock } from "../stages.ts";
import type { SealedDiskDescription } from "./disk-description.ts";
import { expandDisk } from "./expand-disk.ts";
import { findDisk, type DiskChoice } from "./find-disk.ts";

/** A disk that is to come from a registry. */
export interface FetchDiskRequest extends DiskChoice {
  /** A reference to a disk, or to the image that it was made of. */
  readonly source: string;
  /** Where the disk goes; a file that is there is replaced when the disk is whole. */
  readonly output: string;
}

export interface FetchDiskResult {
  /** As asked for. */
  readonly source: string;
  /** Of the artifact's manifest. */
  readonly digest: Digest;
  /** Absolute path of the disk. */
  readonly output: string;
  readonly description: SealedDiskDescription;
  /** Where it is not zero, by blocks of 64 KiB, in ascending order; all bytes outside are. */
  readonly dataRegions: readonly DataRegion[];
  /** Of the disk as it came. */
  readonly downloadedBytes: number;
  readonly stages: readonly StageReport[];
}

/**
 * Brings a finished disk from a registry. It appears whole and durable, with holes where it is zero, once its bytes have
 * proved to be those that its description says; or not at all. That it is what a build of the image would make is its
 * pusher's word: it does not go into the cache.
 *
 * @throws {BuilderError} DISK_NOT_FOUND, DISK_INVALID, OPTIONS_INVALID, SOURCE_INVALID, OUTPUT_NOT_A_FILE, CANCELLED. What
 * registries throw. @throws {DurableFileError} FILE_NO_SPACE and others.
 */
export async function fetchDisk(
  request: FetchDiskRequest,
  environment: Environment,
): Promise<FetchDiskResult> {
  return withCancellation(environment.signal, async (signal) => {
    const reference = registryReference(request.source, "fetch");
    const output = resolve(request.output);
    await checkOutput(output);
    const onEvent = environment.onEvent ?? (() => {});
    const clock = stageClock(onEvent);
    await using opened = new AsyncDisposableStack();
    const client = connectRegistry(environment, onEvent);
    opened.defer(() => client.close());
    const { digest, description, layer } = await clock.run("resolve", async () => ({
      result: await findDisk(client, reference, request, signal),
      bytes: 0,
    }));
    const name = formatReference(reference);
    onEvent({ kind: "transfer-started", direction: "pull", name, digest, blobs: [layer] });
    const dataRegions = await clock.run("pull", async () => {
      onEvent({ kind: "blob-requested", digest: layer.digest, bytes: 0, totalBytes: layer.size });
      const chunks = verifyBlob(fetchBlob(client, reference, layer, { signal }), layer);
      const result = await expandDisk(chunks, description, output, signal);
      onEvent({ kind: "blob-stored", digest: layer.digest, totalBytes: layer.size });
      return { result, bytes: layer.size };
    });
    const { source } = request;
    const downloadedBytes = layer.size;
    return { source, digest, output, description, dataRegions, downloadedBytes, stages: clock.reports() };
  });
}
