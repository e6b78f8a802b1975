import { join, resolve } from "node:path";
import { fileError } from "@bootlayer/durable-file";
import { digestAlgorithm, digestHex, type Digest } from "@bootlayer/image-spec";
import * as z from "zod";
import { StoreError } from "./errors.ts";
import { openRegularFile } from "./regular-file.ts";

/** A directory that holds images as image-spec image-layout.md says, whoever wrote it. It is only read. */
export interface Layout {
  /** Absolute. */
  readonly directory: string;
}

/** What the file `oci-layout` says (image-layout.md, "oci-layout file"). */
export const layoutVersion = { imageLayoutVersion: "1.0.0" } as const;

const layoutFileSchema = z.looseObject({ imageLayoutVersion: z.literal(layoutVersion.imageLayoutVersion) });

/** A layout file is some 30 bytes long. */
const maxLayoutFileBytes = 64 * 1024;

/**
 * Opens an OCI image layout for reading.
 *
 * @throws {StoreError} STORE_INVALID if the directory is none, or of another version.
 */
export async function openLayout(directory: string): Promise<Layout> {
  const layout = { directory: resolve(directory) };
  const text = Buffer.from(await readLayoutFile(layout, "oci-layout", maxLayoutFileBytes)).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalidLayout(directory, "its file oci-layout is no JSON", { cause });
  }
  const { success, error: cause } = layoutFileSchema.safeParse(json);
  if (!success) throw invalidLayout(directory, "its file oci-layout does not say version 1.0.0", { cause });
  return layout;
}

/** The place of a blob (image-layout.md, "Blobs"). Only a validated digest comes near a path. */
export function blobPath({ directory }: Layout, digest: Digest): string {
  return join(directory, "blobs", digestAlgorithm(digest), digestHex(digest));
}

/**
 * The whole of `oci-layout` or `index.json`.
 *
 * @throws {StoreError} STORE_INVALID if it is missing, no regular file or longer than `maxBytes`.
 */
export async function readLayoutFile(
  { directory }: Layout,
  name: "oci-layout" | "index.json",
  maxBytes: number,
): Promise<Uint8Array> {
  const path = join(directory, name);
  const opened = await openRegularFile(path);
  if (opened.kind === "missing") throw invalidLayout(directory, `it has no file ${name}`);
  if (opened.kind === "not-a-file") throw invalidLayout(directory, `its ${name} is no regular file`);
  const { handle, size } = opened;
  try {
    if (size > maxBytes) throw invalidLayout(directory, `its file ${name} is longer than ${maxBytes} bytes`);
    return await handle.readFile();
  } catch (cause) {
    throw cause instanceof StoreError ? cause : fileError(`read ${path}`, cause);
  } finally {
    await handle.close();
  }
}

export function invalidLayout(directory: string, what: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    "STORE_INVALID",
    `${directory} is no OCI image layout: ${what}`,
    "name the directory that holds oci-layout, index.json and blobs",
    options,
  );
}
