import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Lies beside the workspace's packages, is never committed, and survives between runs. */
export async function workspaceCache(...path: readonly string[]): Promise<string> {
  const directory = join(import.meta.dirname, "..", "..", ".cache", ...path);
  await mkdir(directory, { recursive: true });
  return directory;
}
