import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isOwnerAlive } from "./process-owner.ts";
import { parseTemporaryName } from "./temporary-name.ts";

/** A temporary of another machine or boot is given up after a day without a write. */
const foreignAgeMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Removes what writers of `path` left that were killed before they could commit or discard: temporaries whose process
 * is gone, or, where that cannot be known (another machine, an earlier boot), that nobody wrote to for a day. Returns
 * the names it removed; a directory that cannot be listed has none.
 */
export function removeStaleTemporaries(path: string): Promise<string[]> {
  // A temporary's name holds the start of its file's, cut where the whole would be too long.
  return sweep(dirname(path), (baseName) => basename(path).startsWith(baseName));
}

/** The same for the temporaries of all files in a directory. */
export function removeAllStaleTemporaries(directory: string): Promise<string[]> {
  return sweep(directory, () => true);
}

async function sweep(directory: string, concerns: (baseName: string) => boolean): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const removed: string[] = [];
  for (const name of names) {
    const owner = parseTemporaryName(name);
    if (!owner || !concerns(owner.baseName)) continue;
    const file = join(directory, name);
    const alive = isOwnerAlive(owner) ?? (await wroteLately(file));
    if (alive) continue;
    await rm(file, { force: true });
    removed.push(name);
  }
  return removed;
}

async function wroteLately(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < foreignAgeMilliseconds;
}
