import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./judging.ts";
import { withDirectory } from "./with-directory.ts";

/** A file system of 3 MiB, for whoever wants to see it full. Needs the judges "root" and "mount". */
export async function withSmallDisk(use: (directory: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const small = join(directory, "small");
    await mkdir(small);
    await run("mount", "-t", "tmpfs", "-o", "size=3m", "none", small);
    try {
      await use(small);
    } finally {
      await run("umount", small);
    }
  });
}
