import { createDurableFile, fileError, type DurableFile } from "@bootlayer/durable-file";
import { guestInitrd, type GuestPlan } from "@bootlayer/guest-inject";
import { discardContents, flattenLayers, type LowerImage } from "@bootlayer/layer-flattener";
import { findArtifact, type Artifact } from "./artifact-cache.ts";
import { copyFromCache, keepInCache, type BuildContext } from "./build-context.ts";
import { derivedUuid, initrdKey } from "./build-key.ts";
import { withLayers } from "./opened-source.ts";
import { factsOf, planFor, type BuildGuest, type GuestFacts } from "./guest-build.ts";

/** An initrd that is made, or known to be in the cache, and not in its place yet. */
export interface PendingInitrd {
  readonly facts: GuestFacts;
  /** Puts it in its place. */
  place(): Promise<void>;
  /** Leaves no trace of it. Does nothing once it is in place. */
  discard(): Promise<void>;
}

/** The initrd of an earlier build, if the cache has it. */
export async function cachedInitrd(
  build: BuildContext,
  { identity }: BuildGuest,
  path: string,
): Promise<PendingInitrd | undefined> {
  const artifact = await findArtifact(build.store, initrdKey(build.key, identity));
  if (artifact?.guest === undefined) return undefined;
  return {
    facts: artifact.guest,
    place: () => copyFromCache(build, artifact, path),
    discard: async () => {},
  };
}

/** Makes an initrd for the disk of a build whose tree has been read. */
export async function newInitrd(
  build: BuildContext,
  guest: BuildGuest,
  path: string,
  tree: LowerImage,
): Promise<PendingInitrd> {
  const { source, key, clock, options } = build;
  const plan = await planFor(guest, source.image, tree);
  const facts = factsOf(plan);
  const file = await createDurableFile(path);
  try {
    const bytes = await clock.run("initrd", async () => {
      const written = await writeInitrd(build, guest, plan, file);
      return { result: written, bytes: written };
    });
    const artifact: Artifact = {
      key: initrdKey(key, guest.identity),
      bytes,
      dataRegions: [{ offset: 0, length: bytes }],
      warnings: [],
      guest: facts,
      manifest: source.image.descriptor.digest,
    };
    return {
      facts,
      async place() {
        await file.commit();
        if (options.cache) await keepInCache(build, artifact, path);
      },
      discard: () => file.discard(),
    };
  } catch (cause) {
    await file.discard();
    throw cause;
  }
}

/** The tree of the source's layers, for an initrd whose disk comes from the cache. */
export async function readTree({
  source,
  clock,
  options,
  onEvent,
  signal,
}: BuildContext): Promise<LowerImage> {
  return withLayers(source, signal, (layers, signal) =>
    clock.run("flatten", async () => {
      const result = await flattenLayers(layers, discardContents(), { ...options.flatten, signal, onEvent });
      return { result, bytes: result.statistics.unpackedBytes };
    }),
  );
}

async function writeInitrd(
  { options, key, time, signal }: BuildContext,
  { readOnlyRoot }: BuildGuest,
  plan: GuestPlan,
  { handle, path }: DurableFile,
): Promise<number> {
  const access = readOnlyRoot ? "ro" : "rw";
  // A squashfs has no name of its own: the first disk that holds one is taken.
  const root =
    options.disk.format === "ext4"
      ? ({ device: `UUID=${derivedUuid(key, "file-system")}`, type: "ext4", options: access } as const)
      : ({ device: "TYPE=squashfs", type: "squashfs", options: access } as const);
  let bytes = 0;
  for await (const chunk of guestInitrd(plan, { root, mtime: time, signal })) {
    await handle.writeFile(chunk).catch((cause: unknown) => {
      throw fileError(`write ${path}`, cause);
    });
    bytes += chunk.length;
  }
  return bytes;
}
