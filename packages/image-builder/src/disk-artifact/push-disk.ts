import { join } from "node:path";
import { openBlobStore } from "@bootlayer/blob-store";
import { createDurableFile } from "@bootlayer/durable-file";
import { digestOf, mediaTypes, type Descriptor, type Digest } from "@bootlayer/image-spec";
import { formatReference, type Reference } from "@bootlayer/registry-client";
import type { DataRegion } from "@bootlayer/rootfs-tree";
import type { Environment } from "../build-options.ts";
import { withCancellation } from "../cancellation.ts";
import { BuilderError } from "../errors.ts";
import type { StageReport } from "../events.ts";
import { registryReference } from "../pull-image.ts";
import type { PushedBlobReport } from "../push-image.ts";
import { stageClock } from "../stages.ts";
import { compressDisk } from "./compress-disk.ts";
import { openDiskDestination, type DiskManifest } from "./disk-destination.ts";
import {
  diskAnnotations,
  diskArtifactType,
  diskConfigType,
  diskLayerType,
  type DiskDescription,
  type SealedDiskDescription,
} from "./disk-description.ts";

/** A disk that is to go to a registry. */
export interface PushDiskRequest {
  /** Its path. */
  readonly disk: string;
  readonly description: DiskDescription;
  /** Where it is not zero, if that is known: the rest is then not read. */
  readonly dataRegions?: readonly DataRegion[] | undefined;
  /** Hex, where the disk's own is known: one that has another by now is not sent. */
  readonly sha256?: string | undefined;
  /**
   * A repository: the disk is found there by the image that it refers to. With a tag it has that name too; a digest is
   * refused.
   */
  readonly target: string;
}

export interface PushDiskResult {
  /** Repository and tag, or repository and digest. */
  readonly target: string;
  /** Of the artifact's manifest. */
  readonly digest: Digest;
  readonly description: SealedDiskDescription;
  readonly blobs: readonly PushedBlobReport[];
  /** Length of the disk as it is sent. */
  readonly compressedBytes: number;
  /** Of the blobs that had to be sent. */
  readonly uploadedBytes: number;
  readonly stages: readonly StageReport[];
}

/** squashfs is compressed already: there only its few zeros are won. */
const levels = { ext4: 3, squashfs: 1 } as const;

/**
 * Sends a finished disk to a registry as an artifact that refers to its image. One of `ownRegistries` gets it in the store, without a
 * request.
 *
 * @throws {BuilderError} SOURCE_INVALID for a target that is no reference; DISK_INVALID for a disk that is not what it was; CANCELLED.
 * What stores and registries throw.
 */
export async function pushDisk(request: PushDiskRequest, environment: Environment): Promise<PushDiskResult> {
  return withCancellation(environment.signal, async (signal) => {
    const { disk, description } = request;
    const { format, bytes } = description;
    const target = diskTarget(request.target);
    const onEvent = environment.onEvent ?? (() => {});
    const clock = stageClock(onEvent);
    await using opened = new AsyncDisposableStack();
    const store = await openBlobStore(environment.store);
    const destination = opened.use(await openDiskDestination(target, environment, onEvent, signal));
    const pushed = await clock.run("push", async () => {
      const packed = await createDurableFile(join(store.directory, "disk.zst"), {
        temporaryDirectory: store.ingestDirectory,
      });
      opened.defer(() => packed.discard());
      const dataRegions = request.dataRegions ?? [{ offset: 0, length: bytes }];
      const file = { path: disk, bytes, dataRegions };
      const { sha256, digest, size } = await compressDisk(file, packed.handle, levels[format], signal);
      if (request.sha256 !== undefined && request.sha256 !== sha256)
        throw new BuilderError(
          "DISK_INVALID",
          `the disk of ${description.key} has the sha256 ${sha256}, and was made with ${request.sha256}`,
          "something has written to it: build it again",
        );
      const sealed = { ...description, sha256 };
      const config = Buffer.from(JSON.stringify(sealed));
      const layer = { mediaType: diskLayerType(format), digest, size };
      const manifest = diskManifest(sealed, config, layer);
      const named = { ...target, ...(target.tag === undefined ? { digest: manifest.digest } : {}) };
      const name = formatReference(named);
      const configBlob = { digest: digestOf(config), size: config.length };
      onEvent({
        kind: "transfer-started",
        direction: "push",
        name,
        digest: manifest.digest,
        blobs: [layer],
      });
      const blobs: PushedBlobReport[] = [];
      for (const [blob, content] of [
        [configBlob, config],
        [layer, { path: packed.temporaryPath }],
      ] as const) {
        const how = await destination.putBlob(blob, content);
        blobs.push({ digest: blob.digest, bytes: blob.size, how });
        onEvent({ kind: "blob-pushed", digest: blob.digest, totalBytes: blob.size, how });
      }
      await destination.putManifest(manifest);
      const uploadedBytes = blobs.reduce((sum, { how, bytes }) => sum + (how === "uploaded" ? bytes : 0), 0);
      const result = {
        target: name,
        digest: manifest.digest,
        description: sealed,
        blobs,
        compressedBytes: size,
        uploadedBytes,
      };
      return { result, bytes: uploadedBytes };
    });
    return { ...pushed, stages: clock.reports() };
  });
}

/**
 * Where a disk goes. A name without a tag does not mean `latest` here, which is likely to be the image.
 *
 * @throws {BuilderError} SOURCE_INVALID. @throws {RegistryError} REFERENCE_INVALID.
 */
export function diskTarget(text: string): Pick<Reference, "registry" | "repository" | "tag"> {
  const { registry, repository, tag, digest } = registryReference(text, "push");
  if (digest !== undefined)
    throw new BuilderError(
      "SOURCE_INVALID",
      `${JSON.stringify(text)} names a digest, which the disk will have of its own`,
      "name a repository, or a repository and a tag",
    );
  return { registry, repository, ...(tag !== undefined && text.endsWith(`:${tag}`) ? { tag } : {}) };
}

function diskManifest(
  { format, key, manifest: subject }: DiskDescription,
  config: Uint8Array,
  layer: Descriptor,
): DiskManifest {
  const { mediaType, digest, size } = subject;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: diskArtifactType,
      config: { mediaType: diskConfigType, digest: digestOf(config), size: config.length },
      layers: [{ ...layer, annotations: { "org.opencontainers.image.title": `disk.${format}.zst` } }],
      subject: { mediaType, digest, size },
      annotations: { [diskAnnotations.format]: format, [diskAnnotations.key]: key },
    }),
  );
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest };
}
