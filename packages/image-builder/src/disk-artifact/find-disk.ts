import {
  hostPlatform,
  parsePlatform,
  verifiedBytes,
  type Descriptor,
  type Digest,
  type Manifest,
} from "@bootlayer/image-spec";
import {
  fetchBlob,
  fetchManifest,
  formatReference,
  listReferrers,
  resolveImage,
  type FetchedManifest,
  type Reference,
  type RegistryClient,
} from "@bootlayer/registry-client";
import { BuilderError } from "../errors.ts";
import {
  diskAnnotations,
  diskArtifactType,
  diskConfigSchema,
  diskConfigType,
  diskLayerType,
  type SealedDiskDescription,
} from "./disk-description.ts";

/** Which of an image's disks is meant. */
export interface DiskChoice {
  /** Of the image, where the reference names those of several; default: linux on this machine's architecture. */
  readonly platform?: string | undefined;
  readonly format?: "ext4" | "squashfs" | undefined;
  /** The build key. */
  readonly key?: string | undefined;
}

/** A disk in a registry, whose description was read. */
export interface FoundDisk {
  /** Of the artifact's manifest. */
  readonly digest: Digest;
  readonly description: SealedDiskDescription;
  readonly layer: Descriptor;
}

/** A config says a few facts. */
const maxConfigBytes = 2 ** 20;

/**
 * Finds the disk that a reference names, or the one that refers to the image which it names.
 *
 * @throws {BuilderError} DISK_NOT_FOUND; DISK_INVALID; OPTIONS_INVALID where several disks may be meant.
 */
export async function findDisk(
  client: RegistryClient,
  reference: Reference,
  choice: DiskChoice,
  signal: AbortSignal,
): Promise<FoundDisk> {
  const named = await fetchManifest(client, reference, signal);
  if (isDisk(named)) return readDisk(client, reference, named, signal);
  const image = await imageDigest(client, reference, named, choice, signal);
  const { registry, repository } = reference;
  const digest = await chooseDisk(client, { registry, repository, digest: image }, choice, signal);
  const found = await fetchManifest(client, { registry, repository, digest }, signal);
  const disk = await readDisk(client, reference, found, signal);
  // The list is made of annotations, which may say anything.
  const { key, format, manifest } = disk.description;
  const isAsListed = key === (choice.key ?? key) && format === (choice.format ?? format);
  if (!isAsListed || manifest.digest !== image)
    throw new BuilderError(
      "DISK_INVALID",
      `disk ${digest} is listed as another than it says it is`,
      "build the disk instead",
    );
  return disk;
}

function isDisk({ document }: FetchedManifest): boolean {
  return document.kind === "manifest" && document.manifest.artifactType === diskArtifactType;
}

async function imageDigest(
  client: RegistryClient,
  reference: Reference,
  { descriptor, document }: FetchedManifest,
  { platform }: DiskChoice,
  signal: AbortSignal,
): Promise<Digest> {
  if (document.kind === "manifest") return descriptor.digest;
  const { registry, repository } = reference;
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  const index = { registry, repository, digest: descriptor.digest };
  return (await resolveImage(client, index, wanted, signal)).descriptor.digest;
}

/** Whether a disk's entry in a list of referrers says what is wanted of it. */
function says(annotation: string, wanted: string | undefined): (disk: Descriptor) => boolean {
  return ({ annotations }) => wanted === undefined || annotations?.[annotation] === wanted;
}

async function chooseDisk(
  client: RegistryClient,
  image: Reference & { readonly digest: Digest },
  { format, key }: DiskChoice,
  signal: AbortSignal,
): Promise<Digest> {
  const all = await listReferrers(client, image, { artifactType: diskArtifactType, signal });
  const disks = all.filter(says(diskAnnotations.format, format)).filter(says(diskAnnotations.key, key));
  const [first] = disks;
  if (!first)
    throw new BuilderError(
      "DISK_NOT_FOUND",
      `no ${format === undefined ? "" : `${format} `}disk refers to ${formatReference(image)}`,
      all.length === 0 ? "publish one, or build it" : `there are ${all.length} others`,
    );
  // The same disk pushed twice may have been compressed in two ways.
  const keys = new Set(disks.map(({ annotations }) => annotations?.[diskAnnotations.key]));
  if (keys.size === 1) return first.digest;
  throw new BuilderError(
    "OPTIONS_INVALID",
    `${disks.length} disks refer to ${formatReference(image)}`,
    `say which format or key, or name one by its digest: ${disks
      .slice(0, 10)
      .map(({ digest, annotations }) => `${digest} (${annotations?.[diskAnnotations.format] ?? "?"})`)
      .join(", ")}`,
  );
}

async function readDisk(
  client: RegistryClient,
  reference: Reference,
  { descriptor: { digest }, document }: FetchedManifest,
  signal: AbortSignal,
): Promise<FoundDisk> {
  const invalid = (what: string, cause?: unknown) =>
    new BuilderError("DISK_INVALID", `disk ${digest} ${what}`, "build the disk instead", { cause });
  const manifest: Manifest | undefined = document.kind === "manifest" ? document.manifest : undefined;
  const [layer, ...others] = manifest?.layers ?? [];
  if (!manifest || manifest.artifactType !== diskArtifactType || !layer || others.length > 0)
    throw invalid("is no artifact of one disk");
  const { config } = manifest;
  if (config.mediaType !== diskConfigType || config.size > maxConfigBytes)
    throw invalid(
      `has a config of ${config.size} bytes, of type ${JSON.stringify(config.mediaType.slice(0, 100))}`,
    );
  const bytes = await verifiedBytes(fetchBlob(client, reference, config, { signal }), config);
  const { data: description, error } = diskConfigSchema.safeParse(parseJson(bytes));
  if (!description) throw invalid("has a config that does not describe it", error);
  if (layer.mediaType !== diskLayerType(description.format))
    throw invalid(`comes as ${JSON.stringify(layer.mediaType.slice(0, 100))}, which is not known here`);
  if (manifest.subject !== undefined && manifest.subject.digest !== description.manifest.digest)
    throw invalid(`refers to ${manifest.subject.digest}, and says that it was made of another image`);
  return { digest, description, layer };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
