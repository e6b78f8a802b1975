import { reportResolved, type OpenedSource } from "../opened-source.ts";
import type { Source } from "../source.ts";
import type { LocalImage } from "./local-image.ts";
import { archiveFile, openArchive, type OpenArchiveOptions } from "./open-archive.ts";
import { readRootfsLayer } from "./open-rootfs.ts";
import { readTarLayer } from "./open-tar.ts";
import { scratchImage } from "./scratch-image.ts";

/** What is neither a registry nor a layout on disk. */
export type LocalSource = Exclude<Source, { kind: "registry" | "oci-layout" }>;

/** Opens archives, engines' images and root file systems: once it is there, all of their layers are at hand. */
export async function openLocalSource(
  name: string,
  source: LocalSource,
  options: OpenArchiveOptions,
): Promise<OpenedSource> {
  const { clock, onEvent } = options;
  await using opening = new AsyncDisposableStack();
  const read = await readerOf(source, options, opening);
  const { image, layers, warnings = [] } = await clock.run("resolve", read);
  reportResolved(name, image, onEvent);
  const opened = opening.move();
  return {
    image,
    warnings,
    fetchLayers: () => ({ layers, complete: Promise.resolve() }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function readerOf(
  source: LocalSource,
  options: OpenArchiveOptions,
  opening: AsyncDisposableStack,
): Promise<() => Promise<{ readonly result: LocalImage; readonly bytes: number }>> {
  const { limits, platform, signal } = options;
  if (source.kind === "rootfs")
    return async () => {
      const layer = await readRootfsLayer(source.directory, limits, signal);
      const image = await scratchImage(layer, platform);
      return { result: { ...image, warnings: layer.warnings }, bytes: layer.descriptor.size };
    };
  const file = opening.use(await archiveFile(source, options));
  if (source.kind === "tar" || source.kind === "tar-input")
    return async () => {
      const layer = await readTarLayer(file, limits, signal);
      return { result: await scratchImage(layer, platform), bytes: file.size };
    };
  return async () => {
    const archived = await openArchive(source, file, options);
    const { manifestBytes, configBytes } = archived.image;
    return { result: archived, bytes: manifestBytes.length + configBytes.length };
  };
}
