import { env } from "node:process";
import { addAbortSignal, Readable } from "node:stream";
import type { Platform } from "@bootlayer/image-spec";
import { detectWrapping, magicBytes, type LayerLimits } from "@bootlayer/layer-flattener";
import type { Environment } from "../build-options.ts";
import { BuilderError } from "../errors.ts";
import type { SourceContext } from "../opened-source.ts";
import type { Source } from "../source.ts";
import { archiveError, readArchiveEntries } from "./archive-entries.ts";
import { daemonAddress, fetchFromDaemon } from "./docker-daemon.ts";
import type { LocalImage } from "./local-image.ts";
import { openDockerArchive } from "./open-docker-archive.ts";
import { openOciArchive } from "./open-oci-archive.ts";
import { findSourceFile, type SourceFile } from "./source-file.ts";
import { spool } from "./spool.ts";

export type ArchiveSource = Extract<
  Source,
  { kind: "oci-archive" | "docker-archive" | "docker-daemon" | "archive-input" }
>;

export type TarSource = Extract<Source, { kind: "tar" | "tar-input" }>;

export interface OpenArchiveOptions extends SourceContext {
  readonly environment: Environment;
  readonly limits: LayerLimits;
  readonly platform: Platform;
  /** Whether a person asked for that platform. */
  readonly isPlatformAsked: boolean;
}

/** A file that can be read at any place: the source itself, or where it was spooled to. */
export async function archiveFile(
  source: ArchiveSource | TarSource,
  options: OpenArchiveOptions,
): Promise<SourceFile> {
  const { signal } = options;
  switch (source.kind) {
    case "oci-archive":
    case "docker-archive":
    case "tar": {
      const found = await findSourceFile(source.file);
      if (found.kind === "stream")
        try {
          return await spooled(source.file, found.chunks, options);
        } finally {
          await found.close();
        }
      // A layer may be compressed; what is in an archive must be found at any place.
      if (source.kind === "tar" || !(await isWrapped(found.file))) return found.file;
      await using file = found.file;
      return await spooled(source.file, file.read(0, file.size, signal), options);
    }
    case "docker-daemon": {
      const { image } = source;
      const { os, architecture, variant } = options.platform;
      const platform = options.isPlatformAsked ? { os, architecture, variant } : undefined;
      const chunks = await fetchFromDaemon(daemonAddress(env), { image, platform, signal });
      return await spooled(`docker-daemon:${image}`, chunks, options);
    }
    case "archive-input":
    case "tar-input": {
      const { input } = options.environment;
      if (input === undefined)
        throw new BuilderError("SOURCE_INVALID", "there is no standard input to read", "name a file");
      return await spooled("standard input", input, options);
    }
  }
}

/** The image in an archive. Of a stream of which nothing was said, what it holds says which kind it is. */
export async function openArchive(
  source: ArchiveSource,
  file: SourceFile,
  { limits, platform, signal }: OpenArchiveOptions,
): Promise<LocalImage> {
  const entries = await readArchiveEntries(file, limits, signal);
  switch (source.kind) {
    case "oci-archive":
      return openOciArchive(entries, source, platform);
    case "docker-archive":
      return openDockerArchive(entries, source.image, platform, signal);
    case "docker-daemon":
      return openDockerArchive(entries, { by: "being-alone" }, platform, signal);
    case "archive-input":
      if (entries.has("oci-layout")) return openOciArchive(entries, {}, platform);
      if (entries.has("manifest.json"))
        return openDockerArchive(entries, { by: "being-alone" }, platform, signal);
      throw archiveError(
        file.name,
        "holds no image: neither an OCI image layout nor docker save's manifest.json (a root file system is tar:-)",
      );
  }
}

async function spooled(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  { environment, limits, clock, signal }: OpenArchiveOptions,
): Promise<SourceFile> {
  const stream = chunks instanceof Readable ? addAbortSignal(signal, chunks) : chunks;
  return clock.run("pull", async () => {
    const file = await spool(stream, { name, store: environment.store, limits, signal }).catch(
      (error: unknown) => {
        // A stream that was destroyed by the signal says so in words of its own.
        signal.throwIfAborted();
        throw error;
      },
    );
    return { result: file, bytes: file.size };
  });
}

async function isWrapped(file: SourceFile): Promise<boolean> {
  return detectWrapping(await file.readAt(0, Math.min(file.size, magicBytes))) !== "none";
}
