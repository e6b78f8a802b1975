import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./run-tool.ts";

export interface MountOptions {
  /** As `mount -t` takes it. */
  readonly type: string;
  /** Further options for `-o`, separated by commas. */
  readonly options?: string;
}

/** Has the kernel mount an image read-only for the time of `use`; needs root. */
export async function withMount<T>(
  image: string,
  { type, options }: MountOptions,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-mount-"));
  try {
    const all = ["ro", "loop", ...(options === undefined ? [] : [options])].join(",");
    await runTool("mount", ["-t", type, "-o", all, image, directory]);
    try {
      return await use(directory);
    } finally {
      await runTool("umount", [directory]);
    }
  } finally {
    await rmdir(directory);
  }
}
