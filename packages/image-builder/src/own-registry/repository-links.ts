/**
 * What belongs to which repository: a small file for each blob and manifest that was pushed to it, in the store's own
 * directory.
 *
 *     repositories/team+web/blobs/sha256-<hex>                            empty
 *     repositories/team+web/manifests/sha256-<hex>                        its media type
 *     repositories/team+web/referrers/sha256-<subject>/sha256-<hex>       the manifest's entry in the list of referrers
 *
 * A file says that it belongs there, not that it is there: what garbage collection has taken leaves its file for a while.
 */
import { readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { blobSize, type BlobStore } from "@bootlayer/blob-store";
import { fileError, makeDirectory, namesIn, writeDurableFile } from "@bootlayer/durable-file";
import { digestAlgorithm, digestHex, isDigest, type Digest } from "@bootlayer/image-spec";

export type LinkKind = "blobs" | "manifests";

/** One file of a repository. */
export interface Link {
  readonly store: BlobStore;
  readonly repository: string;
  readonly digest: Digest;
  readonly kind: LinkKind | Readonly<{ referrerOf: Digest }>;
}

/** Whether anything was ever pushed to the repository. */
export async function isRepositoryKnown(store: BlobStore, repository: string): Promise<boolean> {
  return stat(repositoryDirectory(store, repository)).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Writes a link, or makes it new; on disk when it settles. @throws {DurableFileError} */
export async function writeLink(link: Link, content = ""): Promise<void> {
  const path = linkPath(link);
  await makeDirectory(dirname(path));
  await writeDurableFile(path, content, { temporaryDirectory: link.store.ingestDirectory });
}

/** What a link says; undefined where there is none. @throws {DurableFileError} */
export async function readLink(link: Link): Promise<string | undefined> {
  const path = linkPath(link);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const error = fileError(`read ${path}`, cause);
    if (error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

export async function removeLink(link: Link): Promise<void> {
  const path = linkPath(link);
  await rm(path, { force: true }).catch((cause: unknown) => {
    throw fileError(`remove ${path}`, cause);
  });
}

/** The digests of what refers to a manifest, in their order. */
export async function listReferrerLinks(
  store: BlobStore,
  repository: string,
  subject: Digest,
): Promise<readonly Digest[]> {
  const directory = join(repositoryDirectory(store, repository), "referrers", fileName(subject));
  return (await namesIn(directory))
    .map(digestOfName)
    .filter((digest) => digest !== undefined)
    .toSorted();
}

/** What was pushed since a time, in milliseconds since 1970, whichever repository it was pushed to. */
export async function recentLinks(store: BlobStore, since: number): Promise<readonly Digest[]> {
  const recent = new Set<Digest>();
  for await (const { path, digest } of allLinks(store)) {
    const found = await stat(path).catch(() => undefined);
    if (found && found.mtimeMs >= since) recent.add(digest);
  }
  return [...recent];
}

/** Removes the links to what the store does not have any more, of those that were written before a time. */
export async function removeDeadLinks(store: BlobStore, before: number): Promise<void> {
  for await (const { path, digest } of allLinks(store)) {
    if ((await blobSize(store, digest)) !== undefined) continue;
    const found = await stat(path).catch(() => undefined);
    if (found && found.mtimeMs < before) await rm(path, { force: true });
  }
}

async function* allLinks(
  store: BlobStore,
): AsyncGenerator<{ readonly path: string; readonly digest: Digest }> {
  for (const repository of await namesIn(repositoriesDirectory(store))) {
    const directory = join(repositoriesDirectory(store), repository);
    const subjects = await namesIn(join(directory, "referrers"));
    for (const kind of ["blobs", "manifests", ...subjects.map((subject) => join("referrers", subject))])
      for (const name of await namesIn(join(directory, kind))) {
        const digest = digestOfName(name);
        if (digest !== undefined) yield { path: join(directory, kind, name), digest };
      }
  }
}

function linkPath({ store, repository, digest, kind }: Link): string {
  const folder = typeof kind === "string" ? kind : join("referrers", fileName(kind.referrerOf));
  return join(repositoryDirectory(store, repository), folder, fileName(digest));
}

/** A repository's name has no `+`, begins with no dot, and is at most as long as a file's may be. */
function repositoryDirectory(store: BlobStore, repository: string): string {
  return join(repositoriesDirectory(store), repository.replaceAll("/", "+"));
}

function repositoriesDirectory({ directory }: BlobStore): string {
  return join(directory, ".bootlayer", "repositories");
}

function fileName(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}`;
}

function digestOfName(name: string): Digest | undefined {
  const text = name.replace("-", ":");
  return isDigest(text) ? text : undefined;
}
