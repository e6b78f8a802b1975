import { stat } from "node:fs/promises";
import type { BlobStore } from "./blob-store.ts";
import { readLeases } from "./lease.ts";
import { listDeadClaims } from "./lock.ts";
import { listPartials } from "./partial.ts";

/** A file in the store's own directory that no living process works on. */
export interface Leaving {
  readonly path: string;
  readonly size: number;
}

/** What was left by a process that cannot be asked for is given up after a day without a write. */
const elsewhereAgeMilliseconds = 24 * 60 * 60_000;

/**
 * Ingest files that nobody writes to and nobody wrote to since `youngest`, and the leases and claims of processes that
 * are gone.
 */
export async function listLeavings(store: BlobStore, youngest: number): Promise<Leaving[]> {
  const leavings: Leaving[] = [];
  async function add(path: string, oldest: number): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    // A second name of a blob frees nothing.
    if (found && found.mtimeMs <= oldest) leavings.push({ path, size: found.nlink > 1 ? 0 : found.size });
  }
  for (const { path, state } of await listPartials(store))
    if (state.kind === "left") await add(path, youngest);
    else if (state.kind === "elsewhere")
      await add(path, Math.min(youngest, Date.now() - elsewhereAgeMilliseconds));
  for (const path of [...(await readLeases(store)).ended, ...(await listDeadClaims(store.lockDirectory))])
    await add(path, Infinity);
  return leavings;
}
