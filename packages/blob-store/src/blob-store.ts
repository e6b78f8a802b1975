import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  DurableFileError,
  fileError,
  makeDirectory,
  removeAllStaleTemporaries,
  writeDurableFile,
} from "@bootlayer/durable-file";
import { mediaTypes } from "@bootlayer/image-spec";
import { StoreError } from "./errors.ts";
import { layoutVersion, openLayout, type Layout } from "./layout.ts";

/**
 * A layout that is written to, by any number of processes at once. Other tools may read it meanwhile. What is not of
 * the specification lies in its subdirectory `.bootlayer`, where they do not look.
 */
export interface BlobStore extends Layout {
  /** Blobs on their way in: one file for each writer. */
  readonly ingestDirectory: string;
  /** Who holds which blobs that no image needs yet. */
  readonly leaseDirectory: string;
  /** Claims of who changes what. */
  readonly lockDirectory: string;
  /** What had a blob's name and was not the blob: kept for a person to look at. */
  readonly quarantineDirectory: string;
}

const ownNames: ReadonlySet<string> = new Set([
  "oci-layout",
  "index.json",
  "blobs",
  ".bootlayer",
  // What mkfs leaves in the root of a file system that is all for the store.
  "lost+found",
]);

const emptyIndex = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

/**
 * Opens a store, and makes what is missing of it: a kill at any instant leaves nothing that the next call would not
 * complete. Sweeps what killed writers left.
 *
 * @throws {StoreError} STORE_INVALID if the directory holds other things and is no layout.
 * @throws {DurableFileError} if it cannot be made or written to.
 */
export async function openBlobStore(directory: string): Promise<BlobStore> {
  const absolute = resolve(directory);
  const own = join(absolute, ".bootlayer");
  const store = {
    directory: absolute,
    ingestDirectory: join(own, "ingest"),
    leaseDirectory: join(own, "leases"),
    lockDirectory: join(own, "locks"),
    quarantineDirectory: join(own, "quarantine"),
  };
  await makeDirectory(absolute);
  const present = await listOwnNames(absolute);
  await makeDirectory(join(absolute, "blobs", "sha256"));
  await makeDirectory(store.ingestDirectory);
  await makeDirectory(store.leaseDirectory);
  await makeDirectory(store.lockDirectory);
  await makeDirectory(store.quarantineDirectory);
  await removeAllStaleTemporaries(store.ingestDirectory);
  // The file that makes a directory a layout comes last.
  if (!present.includes("index.json")) await writeNew(store, "index.json", emptyIndex);
  if (!present.includes("oci-layout")) await writeNew(store, "oci-layout", layoutVersion);
  await openLayout(absolute);
  return store;
}

/** What is there already. A mistyped path must not fill somebody's home directory with blobs. */
async function listOwnNames(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw fileError(`read ${directory}`, cause);
  });
  const foreign = names.find((name) => !ownNames.has(name));
  if (foreign === undefined || names.includes("oci-layout")) return names;
  throw new StoreError(
    "STORE_INVALID",
    `${directory} is no store: it holds other things, such as ${JSON.stringify(foreign)}`,
    "name an empty or new directory, or an OCI image layout",
  );
}

async function writeNew(
  { directory, ingestDirectory }: BlobStore,
  name: "oci-layout" | "index.json",
  content: object,
): Promise<void> {
  const path = join(directory, name);
  const options = { temporaryDirectory: ingestDirectory, replace: false };
  await writeDurableFile(path, JSON.stringify(content), options).catch((error: unknown) => {
    // Another process, opening the same store, was first.
    if (!(error instanceof DurableFileError && error.code === "FILE_EXISTS")) throw error;
  });
}
