import { stat } from "node:fs/promises";
import {
  describeDisk,
  diskTarget,
  parseSource,
  pushDisk,
  type Descriptor,
  type PushDiskResult,
  type RegistrySettings,
} from "@bootlayer/image-builder";
import { withRequestCredentials, type RegistryCredentials } from "../access/request-credentials.ts";
import { openArtifactFile } from "../artifacts/artifact-file.ts";
import { artifactNotFound } from "../artifacts/artifact-name.ts";
import { withDisk, type ReadyArtifact } from "../catalogue/artifacts.ts";
import { registryOf } from "../catalogue/builder-request.ts";
import type { Build } from "../catalogue/builds.ts";
import { withRoom } from "../disk-room.ts";
import { builtImage } from "../inspect/built-image.ts";
import { ownAddresses } from "../registry/own-addresses.ts";
import type { ServerContext } from "../server-context.ts";
import { imageDirectory } from "../store-directories.ts";

export interface PublishBuiltDisk {
  readonly build: Build;
  readonly artifact: ReadyArtifact;
  readonly target: PublishTarget;
  /** Of this request, for the registry that it goes to. */
  readonly credentials: RegistryCredentials | undefined;
}

export interface PublishTarget {
  /** A repository, which may have a tag. */
  readonly name: string;
  readonly registry: string;
  /** Whether a client has named it; otherwise it is the source's repository. */
  readonly isNamed: boolean;
  /** Whether it is this server's own, which gets the disk without a request. */
  readonly isOwn: boolean;
}

/** @throws {BuilderError} SOURCE_INVALID. @throws {RegistryError} REFERENCE_INVALID. */
export function publishTarget(
  { settings }: Pick<ServerContext, "settings">,
  build: Build,
  reference: string | undefined,
): PublishTarget {
  const name = reference ?? repositoryOf(build.request.source);
  const { registry } = diskTarget(name);
  const isOwn = ownAddresses(settings).includes(registry);
  return { name, registry, isNamed: reference !== undefined, isOwn };
}

export interface PublishedDisk {
  /** The name it has there: repository and tag, or repository and digest. */
  readonly reference: string;
  /** Of the artifact's manifest. */
  readonly digest: string;
  /** The image's manifest. */
  readonly subject: Pick<Descriptor, "mediaType" | "size"> & { readonly digest: string };
}

/**
 * Sends the disk of a build to a registry, as an artifact that refers to its image.
 *
 * @throws {ServerError} QUOTA_DISK, ARTIFACT_STORE, ARTIFACT_NOT_FOUND. @throws {BootlayerError} what `pushDisk` throws.
 */
export async function publishBuiltDisk(
  context: ServerContext,
  { build, artifact, target, credentials }: PublishBuiltDisk,
  signal: AbortSignal,
): Promise<PublishedDisk> {
  const { settings, artifacts, database, egress, room } = context;
  const isSourceRegistry = target.registry === registryOf(build.request.source);
  const { descriptor, platform } = await builtImage(
    context,
    build,
    isSourceRegistry ? credentials : undefined,
  );
  const { key, format, bytes, dataBytes, sha256, dataRegions, report } = artifact;
  const { mediaType, digest, size } = descriptor;
  const description = describeDisk({
    key,
    format,
    bytes,
    manifest: { mediaType, digest, size },
    platform,
    warnings: report.warnings,
    guest: report.guest,
  });
  // The disk as it is sent, and the disk itself where it has to be brought here first.
  const needed = artifacts.pathOf === undefined ? 2 * dataBytes : dataBytes;
  async function push(roomy: AbortSignal): Promise<PushDiskResult> {
    await using file = await openArtifactFile(artifacts, artifact, roomy);
    const regions = dataRegions.map(([offset, length]) => ({ offset, length }));
    return await pushDisk(
      { disk: file.path, description, dataRegions: regions, sha256, target: target.name },
      {
        store: imageDirectory(settings),
        allowAddress: egress,
        ownRegistries: ownAddresses(settings),
        registries: withRequestCredentials(
          target.isNamed ? withoutLogins(settings.registries) : settings.registries,
          target.registry,
          credentials,
        ),
        signal: roomy,
      },
    ).catch(async (error: unknown) => {
      // Retention may remove it at any time, and so may a client.
      const isThere = await stat(file.path).then(
        () => true,
        () => false,
      );
      throw isThere ? error : artifactNotFound(artifact.location, error);
    });
  }
  const pushed = await withDisk(database.db, artifacts, key, () => withRoom(room, needed, signal, push));
  context.metrics.diskPushed();
  return { reference: pushed.target, digest: pushed.digest, subject: { mediaType, digest, size } };
}

/** Beside the source a disk takes nobody's name. Anywhere else the server's own logins would let a client overwrite tags with them. */
function withoutLogins(registries: Partial<RegistrySettings>): Partial<RegistrySettings> {
  return { ...registries, credentials: async () => undefined };
}

/** A build's source is always a reference in a registry. */
function repositoryOf(source: string): string {
  const parsed = parseSource(source);
  return parsed.kind === "registry" ? `${parsed.reference.registry}/${parsed.reference.repository}` : source;
}
