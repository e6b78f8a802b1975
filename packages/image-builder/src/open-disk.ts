import { createExt4Image } from "@bootlayer/ext4-writer";
import type { ImageWriter } from "@bootlayer/rootfs-tree";
import { createSquashfsImage } from "@bootlayer/squashfs-writer";
import type { BuildContext } from "./build-context.ts";
import { derivedUuid } from "./build-key.ts";

/** Begins the disk of a build in the format that was asked for. */
export async function openDisk({ options, key, time, signal }: BuildContext): Promise<ImageWriter> {
  const { output, disk } = options;
  switch (disk.format) {
    case "ext4": {
      const { size, blockSize, journal, label } = disk;
      const [uuid, hashSeed] = [derivedUuid(key, "file-system"), derivedUuid(key, "directory-hash-seed")];
      return await createExt4Image(output, { size, blockSize, journal, label, time, uuid, hashSeed, signal });
    }
    case "squashfs":
      return await createSquashfsImage(output, {
        compression: disk.compression,
        blockSize: disk.blockSize,
        time,
        signal,
      });
  }
}
