import { digestOfStream, mediaTypes } from "@bootlayer/image-spec";
import type { LayerLimits, LayerSource } from "@bootlayer/layer-flattener";
import { rootfsArchive } from "./rootfs-archive.ts";
import { snapshotRootfs } from "./rootfs-snapshot.ts";

/**
 * A directory as the one layer of an image. It is looked through, then read once to know what it is, before the disk that
 * it makes is looked for in the cache, and read again to make it: what is written meanwhile is an error, or not seen, but
 * never half in the disk.
 *
 * @throws as `snapshotRootfs` and `rootfsArchive`.
 */
export async function readRootfsLayer(
  directory: string,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<LayerSource & { readonly warnings: readonly string[] }> {
  const snapshot = await snapshotRootfs(directory, limits, signal);
  const { digest, size } = await digestOfStream(rootfsArchive(snapshot, signal));
  return {
    descriptor: { mediaType: mediaTypes.ociLayer, digest, size },
    diffId: digest,
    open: (signal) => rootfsArchive(snapshot, signal),
    warnings: snapshot.warnings,
  };
}
