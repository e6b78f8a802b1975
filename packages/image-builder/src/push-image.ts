import type { Digest, Platform } from "@bootlayer/image-spec";
import {
  formatReference,
  pushBlob,
  pushManifest,
  type PushedBlob,
  type Reference,
} from "@bootlayer/registry-client";
import type { BuildRequest, Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { concurrently } from "./concurrently.ts";
import { connectRegistry } from "./connect-registry.ts";
import { blobsOfTree } from "./document-tree.ts";
import { BuilderError } from "./errors.ts";
import type { StageReport } from "./events.ts";
import { registryReference } from "./pull-image.ts";
import { openPushSource } from "./push-source.ts";
import { stageClock } from "./stages.ts";

/** An image that is to go to a registry. */
export interface PushRequest {
  /**
   * The name of an image in the store, or any source that a build takes; what the store lacks of an image in a registry is pulled
   * into it, under the image's name, whether or not the target has it.
   */
  readonly source: string;
  /** A reference; without a tag and digest, `latest`. */
  readonly target: string;
  /** One image of an index alone. Default: all, with the index, where the source holds them; else this machine's. */
  readonly platform?: BuildRequest["platform"];
}

/** How one blob came to be in the registry. */
export interface PushedBlobReport {
  readonly digest: Digest;
  /** Length of the blob. */
  readonly bytes: number;
  readonly how: PushedBlob;
}

export interface PushResult {
  /** As asked for. */
  readonly source: string;
  /** The full reference. */
  readonly target: string;
  /** Of the manifest or index that the target now names. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly platforms: readonly Platform[];
  readonly blobs: readonly PushedBlobReport[];
  /** Of the blobs that had to be sent. */
  readonly uploadedBytes: number;
  readonly stages: readonly StageReport[];
}

/** Blobs that are sent at the same time. */
const concurrentBlobs = 3;

/**
 * Sends an image to a registry, byte by byte as it is, so that its digests stay. Blobs that the registry has are passed
 * over, those that another of its repositories has are mounted where the store knows of it. The name is given last.
 *
 * @throws {BuilderError} SOURCE_INVALID; OPTIONS_INVALID for a target of another digest; CANCELLED. What sources, stores and registries throw.
 */
export async function pushImage(request: PushRequest, environment: Environment): Promise<PushResult> {
  return withCancellation(environment.signal, async (signal) => {
    const target = registryReference(request.target, "push");
    const onEvent = environment.onEvent ?? (() => {});
    const clock = stageClock(onEvent);
    await using opened = new AsyncDisposableStack();
    const source = await openPushSource(request, target, environment, { clock, onEvent, signal });
    opened.use(source);
    const client = connectRegistry(environment, onEvent);
    opened.defer(() => client.close());
    const { documents, top } = source;
    checkTarget(target, top.digest);
    const blobs = blobsOfTree(documents);
    const name = formatReference(target);
    onEvent({ kind: "transfer-started", direction: "push", name, digest: top.digest, blobs });

    const pushed: PushedBlobReport[] = [];
    await clock.run("push", async () => {
      await concurrently(blobs, concurrentBlobs, signal, async (descriptor, signal) => {
        const { digest, size } = descriptor;
        const how = await pushBlob(client, target, descriptor, (opened) => source.open(descriptor, opened), {
          signal,
          mountFrom: source.mountFrom(digest),
        });
        pushed.push({ digest, bytes: size, how });
        onEvent({ kind: "blob-pushed", digest, totalBytes: size, how });
      });
      await source.complete;
      // What an index names stands before the index.
      for (const { descriptor, bytes } of documents) {
        const { digest, mediaType } = descriptor;
        const { registry, repository } = target;
        const isTop = digest === top.digest;
        const reference = isTop ? target : { registry, repository, digest };
        await pushManifest(client, reference, { bytes, digest, mediaType }, { signal });
      }
      return { result: undefined, bytes: uploaded(pushed) };
    });
    return {
      source: request.source,
      target: name,
      digest: top.digest,
      mediaType: top.mediaType,
      platforms: source.platforms,
      blobs: pushed,
      uploadedBytes: uploaded(pushed),
      stages: clock.reports(),
    };
  });
}

/** Before anything is sent in vain. */
function checkTarget(target: Reference, digest: Digest): void {
  if (target.digest !== undefined && target.digest !== digest)
    throw new BuilderError(
      "OPTIONS_INVALID",
      `the image's digest is ${digest}: it cannot be ${formatReference(target)}`,
      "name a tag, or that digest",
    );
}

function uploaded(blobs: readonly PushedBlobReport[]): number {
  return blobs.reduce((sum, { how, bytes }) => sum + (how === "uploaded" ? bytes : 0), 0);
}
