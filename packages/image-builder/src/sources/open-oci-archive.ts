import { chooseNamed, StoreError } from "@bootlayer/blob-store";
import {
  digestAlgorithm,
  digestHex,
  parseDocument,
  resolveManifest,
  verifiedBytes,
  type Descriptor,
  type Digest,
  type Platform,
} from "@bootlayer/image-spec";
import * as z from "zod";
import { layerSources } from "../opened-source.ts";
import { archiveError, readDocumentAt, type ArchiveEntries, type ArchiveEntry } from "./archive-entries.ts";
import type { LocalImage } from "./local-image.ts";

/** Which image of a layout: by what names it there, by its digest, or the only one. */
export interface LayoutImage {
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

const layoutFileSchema = z.looseObject({ imageLayoutVersion: z.literal("1.0.0") });

/**
 * An image of a tar of an OCI image layout (image-spec image-layout.md): documents are checked here, layers as they are
 * read.
 *
 * @throws {BuilderError} SOURCE_ARCHIVE. @throws {StoreError} STORE_IMAGE_NOT_FOUND, STORE_IMAGE_AMBIGUOUS,
 * STORE_BLOB_MISSING, STORE_BLOB_DAMAGED. @throws {ImageSpecError} as `resolveManifest`; BLOB_SIZE, BLOB_DIGEST.
 */
export async function openOciArchive(
  entries: ArchiveEntries,
  { tag, digest }: LayoutImage,
  platform: Platform,
): Promise<LocalImage> {
  const { file } = entries;
  for (const name of ["oci-layout", "index.json"])
    if (!entries.has(name)) throw archiveError(file.name, `has no file ${name}: it is no OCI image layout`);
  checkLayoutFile(await readDocumentAt(file, entries.find("oci-layout")), file.name);
  const index = parseDocument(
    await readDocumentAt(file, entries.find("index.json")),
    `index.json in ${file.name}`,
  );
  if (index.kind !== "index") throw archiveError(file.name, "has an index.json that is a manifest");
  const named = index.index.manifests;
  const start =
    digest === undefined
      ? chooseNamed(named, tag, file.name)
      : (named.find((entry) => entry.digest === digest) ?? blobOf(digest));

  /** A manifest that index.json does not name itself. */
  function blobOf(digest: Digest): Pick<Descriptor, "digest" | "size"> & { readonly mediaType?: undefined } {
    return { digest, size: findBlob(digest).size };
  }

  function findBlob(digest: Digest): ArchiveEntry {
    const name = `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
    if (entries.has(name)) return entries.find(name);
    throw new StoreError(
      "STORE_BLOB_MISSING",
      `blob ${digest} is not in ${file.name}`,
      "make the archive anew; it may hold only some of an index's platforms",
    );
  }

  function findSized({ digest, size }: Pick<Descriptor, "digest" | "size">): ArchiveEntry {
    const entry = findBlob(digest);
    if (entry.size === size) return entry;
    throw new StoreError(
      "STORE_BLOB_DAMAGED",
      `blob ${digest} in ${file.name} has ${entry.size} bytes instead of ${size}`,
      "make the archive anew",
    );
  }

  async function readDocument(descriptor: Pick<Descriptor, "digest" | "size">): Promise<Uint8Array> {
    const bytes = await readDocumentAt(file, findSized(descriptor));
    return verifiedBytes(chunksOf(bytes), descriptor);
  }

  const bytes = await readDocument(start);
  const image = await resolveManifest({ ...start, bytes }, platform, readDocument);
  // All are there, before any work is done for them.
  for (const descriptor of image.manifest.layers) findSized(descriptor);
  const layers = layerSources(image, (descriptor, signal) => {
    const { offset, size } = findSized(descriptor);
    return file.read(offset, size, signal);
  });
  return { image, layers };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function checkLayoutFile(bytes: Uint8Array, archive: string): void {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw archiveError(archive, "has a file oci-layout that is no JSON", { cause });
  }
  if (!layoutFileSchema.safeParse(json).success)
    throw archiveError(archive, "has a file oci-layout that does not say version 1.0.0");
}
