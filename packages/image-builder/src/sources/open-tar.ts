import { createHash } from "node:crypto";
import { digestOfHash, digestOfStream } from "@bootlayer/image-spec";
import {
  detectWrapping,
  magicBytes,
  unwrap,
  type LayerLimits,
  type LayerSource,
} from "@bootlayer/layer-flattener";
import { layerMediaType } from "./layer-media-type.ts";
import { sizeLimiter } from "./size-limiter.ts";
import type { SourceFile } from "./source-file.ts";

/**
 * A tar of a root file system, plain or in gzip or zstd, as the one layer of an image. It is read once to know what it
 * is, before the disk that it makes is looked for in the cache, and again to make it.
 *
 * @throws {BuilderError} SOURCE_CHANGED, SOURCE_LIMIT. @throws {FlattenError} LAYER_COMPRESSION, LAYER_DECOMPRESS.
 */
export async function readTarLayer(
  file: SourceFile,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<LayerSource> {
  const { name, size } = file;
  const wrapping = detectWrapping(await file.readAt(0, Math.min(size, magicBytes)));
  const mediaType = layerMediaType(wrapping, name);
  const open = (signal: AbortSignal) => file.read(0, size, signal);
  if (wrapping === "none") {
    const { digest } = await digestOfStream(open(signal));
    return { descriptor: { mediaType, digest, size }, diffId: digest, open };
  }
  const blob = createHash("sha256");
  const archive = createHash("sha256");
  const limiter = sizeLimiter(name, limits);
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of open(signal)) {
      blob.update(chunk);
      limiter.receive(chunk.length);
      yield chunk;
    }
  }
  for await (const chunk of unwrap(hashed(), { name, maxWindowBytes: limits.zstdWindowBytes })) {
    limiter.unpack(chunk.length);
    archive.update(chunk);
  }
  return { descriptor: { mediaType, digest: digestOfHash(blob), size }, diffId: digestOfHash(archive), open };
}
