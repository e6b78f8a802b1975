import { groupStart, headGroups, type Geometry } from "./geometry.ts";
import { encodeSuperblock, superblockSize, type SuperblockFields } from "./format/superblock.ts";
import type { Layout } from "./group-layout.ts";
import type { ImageFile } from "./image-file.ts";

/** Writes superblock and descriptors into every head; the first superblock stands 1,024 bytes into the image. */
export function writeHeads(
  geometry: Geometry,
  layout: Layout,
  fields: SuperblockFields,
  descriptors: Buffer,
  file: ImageFile,
): void {
  const { blockSize } = geometry;
  for (const group of headGroups) {
    if (group >= layout.groups) return;
    const start = groupStart(geometry, group) * blockSize;
    file.write(group === 0 ? superblockSize : start, encodeSuperblock(fields, group));
    file.write(start + blockSize, descriptors);
  }
}
