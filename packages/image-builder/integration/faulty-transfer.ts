import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { hasBlob, listImages, openBlobStore, readBlob, type BlobStore } from "@bootlayer/blob-store";
import { isBootlayerError } from "@bootlayer/errors";
import { parseDocument, parsePlatform, type Descriptor, type ResolvedImage } from "@bootlayer/image-spec";
import {
  createRegistryClient,
  pushBlob,
  pushManifest,
  resolveImage,
  type Reference,
  type RegistryClient,
} from "@bootlayer/registry-client";
import { sha256Digest, type DockerRegistry } from "@bootlayer/test-fixtures";
import { stageClock } from "../src/stages.ts";
import { pullIntoStore } from "../src/store-pull.ts";

const amd64 = parsePlatform("linux/amd64");
/** Longer than any sound transfer here takes, on a machine that does much else. */
const hangMilliseconds = 60_000;

/** How a transfer ended: `done`, `cancelled`, or the code of its error. */
export type Outcome = string;

/** A client whose pauses take no time; `stallMilliseconds` is how long it waits for a server that says nothing. */
export function impatientClient(stallMilliseconds: number): RegistryClient {
  return createRegistryClient({
    stallMilliseconds,
    minBytesPerSecond: 0,
    retry: { attempts: 4 },
    clock: {
      now: Date.now,
      random: Math.random,
      sleep: async (_, signal) => {
        signal.throwIfAborted();
      },
    },
  });
}

/**
 * Runs a transfer, cancels it after a time if one is given, and says how it ended.
 *
 * @throws {Error} if it ended in no way that it may end: with an error without a code of the catalogue, or not at all.
 */
export async function outcomeOf(
  catalogue: ReadonlySet<string>,
  transfer: (signal: AbortSignal) => Promise<unknown>,
  cancelMilliseconds?: number,
): Promise<Outcome> {
  const hang = AbortSignal.timeout(hangMilliseconds);
  const cancel = cancelMilliseconds === undefined ? undefined : AbortSignal.timeout(cancelMilliseconds);
  try {
    await transfer(AbortSignal.any(cancel ? [hang, cancel] : [hang]));
    return "done";
  } catch (error) {
    if (cancel && error === cancel.reason) return "cancelled";
    if (hang.aborted) throw new Error(`no end after ${hangMilliseconds} ms`, { cause: error });
    if (isBootlayerError(error) && catalogue.has(error.code)) return error.code;
    throw new Error("it ended with an error that is not in the catalogue", { cause: error });
  }
}

/** The codes of docs/errors.md. */
export async function errorCatalogue(): Promise<ReadonlySet<string>> {
  const text = await readFile(join(import.meta.dirname, "../../../docs/errors.md"), "utf8");
  return new Set(Array.from(text.matchAll(/^\| `([A-Z0-9_]+)`/gm), ([, code = ""]) => code));
}

export interface PulledImage {
  readonly image: ResolvedImage;
  readonly downloadedBytes: number;
  readonly resumedBytes: number;
}

/** Brings an image and all of its blobs into a store, and names it there. */
export async function pullInto(
  store: BlobStore,
  client: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
): Promise<PulledImage> {
  const image = await resolveImage(client, reference, amd64, signal);
  const { manifest, manifestBytes, configBytes, descriptor } = image;
  await using pull = pullIntoStore({
    store,
    client,
    reference,
    documents: [
      { descriptor: manifest.config, bytes: configBytes },
      { descriptor, bytes: manifestBytes },
    ],
    blobs: manifest.layers.toReversed(),
    top: descriptor,
    clock: stageClock(() => {}),
    onEvent: () => {},
    signal,
  });
  let [downloadedBytes, resumedBytes] = [0, 0];
  for (const blob of await pull.complete) {
    downloadedBytes += blob.downloadedBytes;
    resumedBytes += blob.resumedAt;
  }
  return { image, downloadedBytes, resumedBytes };
}

/** Brings an image from a store into a registry. */
export async function pushFrom(
  store: BlobStore,
  { manifest, manifestBytes, descriptor }: ResolvedImage,
  client: RegistryClient,
  reference: Reference,
  { chunkBytes, signal }: { readonly chunkBytes: number; readonly signal: AbortSignal },
): Promise<void> {
  const pushes = await Promise.allSettled(
    [...manifest.layers, manifest.config].map((blob) =>
      pushBlob(client, reference, blob, (signal) => readBlob(store, blob, signal), { chunkBytes, signal }),
    ),
  );
  for (const push of pushes) if (push.status === "rejected") throw push.reason;
  const { digest, mediaType } = descriptor;
  await pushManifest(client, reference, { bytes: manifestBytes, digest, mediaType }, { signal });
}

/** Everything that is wrong with a store, a line each. sha256sum is the judge of its blobs. */
export async function storeFaults(directory: string): Promise<string[]> {
  const faults: string[] = [];
  const blobs = join(directory, "blobs/sha256");
  const names = await readdir(blobs);
  if (names.length > 0) {
    const { stdout } = await promisify(execFile)("sha256sum", ["--", ...names], { cwd: blobs });
    for (const line of stdout.trimEnd().split("\n")) {
      const [sum, name] = line.split("  ");
      if (sum !== name) faults.push(`blob ${name} has sum ${sum}`);
    }
  }
  const store = await openBlobStore(directory);
  for (const { name, descriptor } of await listImages(store)) {
    const needed: Descriptor[] = [descriptor];
    if (await hasBlob(store, descriptor)) {
      const bytes = await readFile(join(blobs, descriptor.digest.slice(7)));
      const document = parseDocument(bytes, descriptor.digest, descriptor.mediaType);
      if (document.kind === "manifest") needed.push(document.manifest.config, ...document.manifest.layers);
    }
    for (const { digest, size } of needed)
      if (!(await hasBlob(store, { digest, size }))) faults.push(`${name} lacks ${digest}`);
  }
  return faults;
}

/** What of an image is not in a store as the registry's own files have it. */
export async function missingFromStore(
  directory: string,
  { manifest, descriptor }: ResolvedImage,
  registry: DockerRegistry,
): Promise<string[]> {
  const differing: string[] = [];
  for (const { digest } of [descriptor, manifest.config, ...manifest.layers]) {
    const stored = await readFile(join(directory, "blobs/sha256", digest.slice(7))).catch(() => undefined);
    if (stored?.equals(await readFile(registry.blobFile(digest))) !== true) differing.push(digest);
  }
  return differing;
}

/** What of an image a repository does not give, asked without anything in between. */
export async function missingFromRegistry(
  { registry, repository, tag = "latest" }: Reference,
  { manifest, manifestBytes }: ResolvedImage,
): Promise<string[]> {
  const differing: string[] = [];
  const base = `http://${registry}/v2/${repository}`;
  const found = await fetch(`${base}/manifests/${tag}`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  if (!Buffer.from(await found.arrayBuffer()).equals(manifestBytes)) differing.push("the manifest");
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    const response = await fetch(`${base}/blobs/${digest}`);
    if (sha256Digest(Buffer.from(await response.arrayBuffer())) !== digest) differing.push(digest);
  }
  return differing;
}
