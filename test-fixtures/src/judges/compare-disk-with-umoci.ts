import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image } from "../image.ts";
import { layerBlob, type LayerCompression } from "../layer-blob.ts";
import { writeLayout } from "../layout.ts";
import type { RandomLayers } from "../random-layers/random-layers.ts";
import { tarArchive } from "../tar-archive.ts";
import { compareTrees, type TreeDifference } from "./compare-trees.ts";
import { e2fsck } from "./e2fsprogs.ts";
import { listTree } from "./list-tree.ts";
import { umociUnpack } from "./umoci.ts";
import { explainUmociDifference, type UmociDeviation } from "./umoci-deviations.ts";
import { withMount } from "./with-mount.ts";

/** How a disk compares with what umoci unpacks of the same layers. */
export type UmociVerdict = Readonly<
  | { kind: "compared"; unexplained: readonly TreeDifference[]; explained: readonly UmociDeviation[] }
  /** Umoci does not take such layers: nothing is known. */
  | { kind: "refused-by-umoci" }
>;

/**
 * Has a disk made of layers, and compares it, checked by e2fsck and mounted by the kernel, with umoci's unpacking of
 * them. Needs root.
 *
 * @param makeDisk makes an ext4 disk at `disk` of the image `tag` in the OCI layout.
 */
export async function compareDiskWithUmoci(
  layers: RandomLayers,
  compression: LayerCompression,
  makeDisk: (layout: string, tag: string, disk: string) => Promise<void>,
): Promise<UmociVerdict> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-umoci-"));
  try {
    const layout = join(directory, "layout");
    const archives = layers.map((entries) => tarArchive(entries));
    const made = (wrapped: LayerCompression) => image(archives.map((tar) => layerBlob(tar, wrapped)));
    await writeLayout(layout, { umoci: made("gzip"), disk: made(compression) });
    const unpackStarted = BigInt(Date.now()) * 1_000_000n;
    const rootfs = await umociUnpack(layout, "umoci", join(directory, "bundle")).catch(() => undefined);
    if (rootfs === undefined) return { kind: "refused-by-umoci" };
    const expected = await listTree(rootfs);
    const disk = join(directory, "disk");
    await makeDisk(layout, "disk", disk);
    await e2fsck(disk);
    const actual = await withMount(disk, { type: "ext4" }, listTree);
    // The file system's own directory, unless the image has one of that name.
    if (!expected.has("/lost+found")) actual.delete("/lost+found");
    const differences = compareTrees(expected, actual);
    const reasons = differences.map((difference) => explainUmociDifference(difference, unpackStarted));
    return {
      kind: "compared",
      unexplained: differences.filter((_, index) => reasons[index] === undefined),
      explained: reasons.filter((reason) => reason !== undefined),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
