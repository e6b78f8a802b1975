import type { GuestPlan } from "@bootlayer/guest-inject";
import { flattenLayers, type FlattenStatistics, type LowerImage } from "@bootlayer/layer-flattener";
import type { Artifact } from "./artifact-cache.ts";
import { dataBytes, type BuildContext } from "./build-context.ts";
import { factsOf, guestOnTop, type BuildGuest } from "./guest-build.ts";
import { keepXattr } from "./keep-xattr.ts";
import { openDisk } from "./open-disk.ts";
import { withLayers } from "./opened-source.ts";

export interface MakeDiskOptions {
  /** Goes on top as one more layer. */
  readonly guest?: BuildGuest | undefined;
  /** Called when the tree is known, before the disk is in place: what it throws ends the build. */
  readonly onTree?: ((tree: LowerImage) => Promise<void>) | undefined;
}

/** Flattens the source's layers into a new disk at its place. */
export async function makeDisk(
  build: BuildContext,
  { guest, onTree }: MakeDiskOptions,
): Promise<{ artifact: Artifact; statistics: FlattenStatistics }> {
  const { options, source, key, time, clock, onEvent, signal } = build;
  let plan: GuestPlan | undefined;
  const onPlan = (made: GuestPlan): void => void (plan = made);
  const writer = await openDisk(build);
  try {
    const flattened = await withLayers(source, signal, (layers, signal) =>
      clock.run("flatten", async () => {
        const result = await flattenLayers(layers, writer, {
          ...options.flatten,
          ...(guest && guestOnTop(guest, source.image, { time, signal, onPlan })),
          signal,
          onEvent,
          keepXattr: keepXattr(options.disk),
        });
        return { result, bytes: result.statistics.unpackedBytes };
      }),
    );
    await onTree?.(flattened);
    const { bytes, dataRegions, warnings } = await clock.run("write", async () => {
      const result = await writer.finish(flattened.root);
      return { result, bytes: dataBytes(result) };
    });
    const manifest = source.image.descriptor.digest;
    const artifact = { key, bytes, dataRegions, warnings, guest: plan && factsOf(plan), manifest };
    return { artifact, statistics: flattened.statistics };
  } catch (cause) {
    await writer.abort();
    throw cause;
  }
}
