import { createExt4Image } from "@bootlayer/ext4-writer";
import {
  displayText,
  type ByteString,
  type DirectoryNode,
  type ImageSummary,
  type ImageWriter,
} from "@bootlayer/rootfs-tree";
import { createSquashfsImage } from "@bootlayer/squashfs-writer";
import type { BuildContext } from "./build-context.ts";
import { derivedUuid } from "./build-key.ts";

/** A disk under way, in whichever format. */
export interface DiskWriter extends ImageWriter {
  finish(root: DirectoryNode): Promise<DiskSummary>;
}

export interface DiskSummary extends ImageSummary {
  /** What of the image the format could not hold, a sentence each. */
  readonly warnings: readonly string[];
}

/** Begins the disk of a build in the format that was asked for. */
export async function openDisk({ options, key, time, signal }: BuildContext): Promise<DiskWriter> {
  const { output, disk } = options;
  switch (disk.format) {
    case "ext4": {
      const { size, blockSize, journal, label } = disk;
      const [uuid, hashSeed] = [derivedUuid(key, "file-system"), derivedUuid(key, "directory-hash-seed")];
      const given = { size, blockSize, journal, label, time, uuid, hashSeed, signal };
      const writer = await createExt4Image(output, given);
      return { ...writer, finish: async (root) => ({ ...(await writer.finish(root)), warnings: [] }) };
    }
    case "squashfs": {
      const { compression, blockSize } = disk;
      const writer = await createSquashfsImage(output, { compression, blockSize, time, signal });
      return {
        ...writer,
        async finish(root) {
          const summary = await writer.finish(root);
          return { ...summary, warnings: droppedAcls(summary.aclsDropped) };
        },
      };
    }
  }
}

function droppedAcls([first, ...others]: readonly ByteString[]): string[] {
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return [`squashfs has no place for POSIX ACLs: those of /${displayText(first)}${more} are left out`];
}
