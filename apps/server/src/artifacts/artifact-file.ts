import { open } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import type { ArtifactStore, ArtifactToKeep } from "./artifact-store.ts";

/** A kept disk as a file of this machine; disposing of it removes what was made for that. */
export interface ArtifactFile extends AsyncDisposable {
  readonly path: string;
}

/** Holes up to this length are read too: to ask a store for a range takes longer than to read as much. */
const smallHoleBytes = 4 * 2 ** 20;

/**
 * Gives the path of a disk, which is brought to this machine first where the store is elsewhere.
 *
 * @throws {ServerError} ARTIFACT_STORE, ARTIFACT_NOT_FOUND. @throws {DurableFileError}. The signal's reason when aborted.
 */
export async function openArtifactFile(
  store: ArtifactStore,
  artifact: Pick<ArtifactToKeep, "key" | "format" | "bytes" | "dataRegions"> & { readonly location: string },
  signal: AbortSignal,
): Promise<ArtifactFile> {
  const { key, format, bytes, dataRegions, location } = artifact;
  const path = store.pathOf?.(location);
  if (path !== undefined) return { path, [Symbol.asyncDispose]: async () => {} };
  const staged = await store.stage(key, format);
  try {
    const file = await open(staged.path, "wx").catch((cause: unknown) => {
      throw fileError(`write ${staged.path}`, cause);
    });
    try {
      for (const { start, end } of joined(dataRegions)) {
        let position = start;
        for await (const chunk of await store.open(location, { start, end }, signal)) {
          await writeAll(file, chunk, position, staged.path);
          position += chunk.length;
        }
      }
      await file.truncate(bytes);
    } finally {
      await file.close();
    }
    return { path: staged.path, [Symbol.asyncDispose]: () => staged.discard() };
  } catch (cause) {
    await staged.discard();
    throw cause;
  }
}

function joined(regions: ArtifactToKeep["dataRegions"]): readonly { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const [offset, length] of regions) {
    const last = ranges.at(-1);
    if (last !== undefined && offset - last.end <= smallHoleBytes) last.end = offset + length;
    else ranges.push({ start: offset, end: offset + length });
  }
  return ranges;
}

async function writeAll(
  file: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;)
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  } catch (cause) {
    throw fileError(`write ${path}`, cause);
  }
}
