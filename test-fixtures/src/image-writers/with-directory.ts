import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of its own for each test that asks, gone after `use`. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "image-writer-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
