import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerTag } from "@bootlayer/durable-file";
import { digestOf, mediaTypes, type Descriptor } from "@bootlayer/image-spec";
import { onTestFinished } from "vitest";
import { ingestBytes, openBlobStore, type BlobStore } from "../src/index.ts";

/** A store for one test. */
export async function temporaryStore(): Promise<BlobStore> {
  const directory = await mkdtemp(join(tmpdir(), "blob-store-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return openBlobStore(directory);
}

const gone = spawnSync(process.execPath, ["--version"]).pid;

/** Names a process of this machine that has ended. */
export function deadOwner(): string {
  return ownerTag().replace(`-${process.pid}-`, `-${gone}-`);
}

/** Names a process that cannot be asked for: of another container, or an earlier boot. */
export function ownerElsewhere(): string {
  return ownerTag().replace(/^[0-9a-f]{8}/, "00000000");
}

export async function put(
  store: BlobStore,
  content: string | object,
  mediaType: string = mediaTypes.ociLayer,
): Promise<Descriptor> {
  const bytes = Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await ingestBytes(store, descriptor, bytes);
  return descriptor;
}

/** A manifest of the layers, without a name. */
export async function putImage(
  store: BlobStore,
  layers: readonly Descriptor[],
  more: { readonly subject?: Descriptor } = {},
): Promise<Descriptor> {
  const config = await put(store, {}, mediaTypes.ociConfig);
  const mediaType = mediaTypes.ociManifest;
  return put(store, { schemaVersion: 2, mediaType, config, layers, ...more }, mediaType);
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}
