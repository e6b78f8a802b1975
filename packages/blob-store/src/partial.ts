/**
 * Blobs on their way in: one file for each writer, in the store's ingest directory.
 *
 * - `sha256-<hex>.<owner>.partial` is being written by the process that `<owner>` names (place, process id, start time
 *   of the process, chance), or was when that process was killed. It is also the claim to bring this digest: of living
 *   processes one has it, the others wait for it.
 * - `sha256-<hex>.partial` was given up by its writer, whose source failed or who was cancelled.
 *
 * What is left is taken over by a rename to a name of the new writer's own, which of several only one can do. What a
 * process left that cannot be asked for (another container, an earlier boot) is copied instead and stays: should it
 * still be written to, neither writer harms the other, and both finish.
 *
 * Nothing that was left is believed. After a kill it holds what was written; after a power loss it may be shorter, or
 * hold zeros for what never reached the disk. So whoever goes on from it hashes it from its first byte, and the blob's
 * digest decides; zeros at the end of a file of an earlier boot are cut off before, since they are most likely such.
 */
import { constants } from "node:fs";
import { chmod, copyFile, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, isOwnerAlive, ownerTag, parseOwnerTag } from "@bootlayer/durable-file";
import { digestAlgorithm, digestHex, isDigest, type Digest } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { cutTrailingZeros } from "./trailing-zeros.ts";

/** An ingest file. */
export interface PartialBlob {
  readonly path: string;
  readonly digest: Digest;
  readonly state: Readonly<
    | { kind: "written"; processId: number }
    /** Nobody writes to it. */
    | { kind: "left" }
    /** Its writer is of another place: whether it lives is not known. */
    | { kind: "elsewhere" }
  >;
}

const pattern = /^(sha256|sha512)-([0-9a-f]+)(?:\.([0-9a-f-]+))?\.partial$/;

export function partialPath({ ingestDirectory }: BlobStore, digest: Digest, owner?: string): string {
  const name = `${digestAlgorithm(digest)}-${digestHex(digest)}`;
  return join(ingestDirectory, owner === undefined ? `${name}.partial` : `${name}.${owner}.partial`);
}

/** The ingest files of one digest, or all. @throws {DurableFileError} */
export async function listPartials({ ingestDirectory }: BlobStore, digest?: Digest): Promise<PartialBlob[]> {
  const names = await readdir(ingestDirectory).catch((cause: unknown) => {
    throw fileError(`read ${ingestDirectory}`, cause);
  });
  return names.flatMap((name) => {
    const found = parsePartialName(ingestDirectory, name);
    return found && (digest === undefined || found.digest === digest) ? [found] : [];
  });
}

function parsePartialName(directory: string, name: string): PartialBlob | undefined {
  const [, algorithm, hex, tag] = pattern.exec(name) ?? [];
  const owner = tag === undefined ? undefined : parseOwnerTag(tag);
  if (algorithm === undefined || hex === undefined || (tag !== undefined && !owner)) return undefined;
  const digest = `${algorithm}:${hex}`;
  if (!isDigest(digest)) return undefined;
  const path = join(directory, name);
  if (!owner) return { path, digest, state: { kind: "left" } };
  const alive = isOwnerAlive(owner);
  if (alive === undefined) return { path, digest, state: { kind: "elsewhere" } };
  return {
    path,
    digest,
    state: alive ? { kind: "written", processId: owner.processId } : { kind: "left" },
  };
}

/**
 * Makes an empty ingest file that is the claim to bring this digest; or answers with another's that stands already, or
 * was made at the same moment: of two that do so at once, at least one sees the other and takes its own back.
 */
export async function claimPartial(
  store: BlobStore,
  digest: Digest,
): Promise<Readonly<{ kind: "claimed"; path: string } | { kind: "taken"; processId: number }>> {
  const before = writerOf(await listPartials(store, digest));
  if (before) return before;
  const path = partialPath(store, digest, ownerTag());
  try {
    await (await open(path, "wx")).close();
  } catch (cause) {
    throw fileError(`write ${path}`, cause);
  }
  const others = await listPartials(store, digest);
  const writer = writerOf(others.filter((other) => other.path !== path));
  if (!writer) return { kind: "claimed", path };
  await rm(path, { force: true });
  return writer;
}

function writerOf(partials: readonly PartialBlob[]): { kind: "taken"; processId: number } | undefined {
  for (const { state } of partials)
    if (state.kind === "written") return { kind: "taken", processId: state.processId };
  return undefined;
}

/**
 * Puts the longest of what others left of a digest in the place of the empty file that claims it, and removes what else
 * they left. Answers with its length in bytes, at most `size`; 0 if there is nothing to go on from.
 */
export async function adoptPartial(
  store: BlobStore,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  claim: string,
): Promise<number> {
  const left: { readonly partial: PartialBlob; readonly bytes: number }[] = [];
  for (const partial of await listPartials(store, digest)) {
    if (partial.path === claim || partial.state.kind === "written") continue;
    const found = await stat(partial.path).catch(() => undefined);
    // A further link is that of a blob in its place, whose writer was killed before it could remove its own name.
    const isUsable = found?.isFile() && found.nlink === 1 && found.size > 0 && found.size <= size;
    if (found && isUsable) left.push({ partial, bytes: found.size });
    else if (partial.state.kind === "left") await rm(partial.path, { force: true });
  }
  let adopted = 0;
  for (const { partial, bytes } of left.toSorted((a, b) => b.bytes - a.bytes)) {
    if (adopted > 0 && partial.state.kind === "left") await rm(partial.path, { force: true });
    if (adopted === 0) adopted = await takeOver(partial, claim, bytes);
  }
  return Math.min(adopted, size);
}

/** Answers with 0 if somebody removed it meanwhile. */
async function takeOver({ path, state }: PartialBlob, claim: string, bytes: number): Promise<number> {
  try {
    if (state.kind === "left") {
      await rename(path, claim);
      // Its writer may have been killed when the blob was complete, and read-only.
      await chmod(claim, (await stat(claim)).mode | 0o200);
      return bytes;
    }
    await copyFile(path, claim, constants.COPYFILE_FICLONE);
    return await cutTrailingZeros(claim);
  } catch (cause) {
    const error = fileError(`take over ${path}`, cause);
    if (error.code === "FILE_NOT_FOUND") return 0;
    throw error;
  }
}

/** Leaves an ingest file, closed before, to whoever wants the blob next. */
export async function releasePartial(store: BlobStore, digest: Digest, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found && found.size > 0) await rename(path, partialPath(store, digest)).catch(() => {});
  await rm(path, { force: true });
}
