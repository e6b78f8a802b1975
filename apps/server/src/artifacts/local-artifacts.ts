import { access, constants, open, opendir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, makeDirectory, syncDirectory } from "@bootlayer/durable-file";
import { ServerError } from "../errors.ts";
import { artifactName, artifactNotFound, checkedArtifactName, isArtifactName } from "./artifact-name.ts";
import type { ArtifactStore, ByteRange, KeptArtifact } from "./artifact-store.ts";
import { begun } from "./begun.ts";
import { stageArtifact, sweepStaging } from "./staging.ts";

const chunkBytes = 256 * 1024;

/**
 * Disks as files `KEY.FORMAT` in a directory, sparse as they were made; what is being made is in `staging` below it, on the same file
 * system, so that a disk gets its name whole or not at all.
 *
 * @throws {DurableFileError} where the directory cannot be made.
 */
export async function openLocalArtifacts(directory: string): Promise<ArtifactStore> {
  const staging = join(directory, "staging");
  await makeDirectory(staging);
  await sweepStaging(staging);

  const pathOf = (location: string): string => join(directory, checkedArtifactName(location));

  async function check(): Promise<void> {
    await access(staging, constants.W_OK).catch((cause: unknown) => {
      throw fileError(`write to ${staging}`, cause);
    });
  }

  return {
    stage: async (key, format) => stageArtifact(staging, key, format),

    async keep(staged, { key, format, bytes }, signal) {
      signal.throwIfAborted();
      const location = artifactName(key, format);
      const path = join(directory, location);
      const size = await sizeOf(staged.path);
      // Kept before, by one that was killed before it could say so.
      if (size === undefined && (await sizeOf(path)) === bytes) return location;
      if (size !== bytes)
        throw new ServerError(
          "ARTIFACT_STORE",
          `the staged disk ${staged.path} has ${size ?? "no"} bytes in place of ${bytes}`,
          "something else writes to the store's directory",
        );
      try {
        await sync(staged.path);
        await rename(staged.path, path);
        await syncDirectory(directory);
      } catch (cause) {
        throw fileError(`write ${path}`, cause);
      }
      await staged.discard();
      return location;
    },

    async open(location, range, signal) {
      const path = pathOf(location);
      const file = await open(path, "r").catch(async (cause: unknown) => {
        if (!isMissing(cause)) throw fileError(`read ${path}`, cause);
        // Where the whole place is missing, as one that is not mounted, no disk has gone.
        await check();
        throw artifactNotFound(location, cause);
      });
      return begun(readRange(file, range, path, signal));
    },

    pathOf,

    async remove(location) {
      const path = pathOf(location);
      try {
        await rm(path, { force: true });
        await syncDirectory(directory);
      } catch (cause) {
        throw fileError(`remove ${path}`, cause);
      }
    },

    list: () => keptIn(directory),

    check,

    sweep: async () => sweepStaging(staging),
    close: async () => {},
  };
}

async function* keptIn(directory: string): AsyncGenerator<KeptArtifact> {
  for await (const entry of await opendir(directory)) {
    if (!entry.isFile() || !isArtifactName(entry.name)) continue;
    const found = await stat(join(directory, entry.name)).catch(() => undefined);
    if (found) yield { location: entry.name, bytes: found.size, modified: found.mtime };
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

/** To be `begun`. Holds the file open until the end: one that is removed meanwhile is still read to its end. */
async function* readRange(
  file: OpenFile,
  { start, end }: ByteRange,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield Buffer.of();
    for (let position = start; position < end;) {
      signal.throwIfAborted();
      // Each piece has memory of its own: sockets keep what they are given.
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error(`${path} ends at ${position}`);
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw fileError(`read ${path}`, cause);
  } finally {
    await file.close();
  }
}

/** Who wrote it may be gone; that it is durable is for who gives it a name to see to. */
async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
