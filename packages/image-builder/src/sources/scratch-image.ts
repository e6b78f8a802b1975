import type { Descriptor, Digest, Platform } from "@bootlayer/image-spec";
import type { LayerSource } from "@bootlayer/layer-flattener";
import type { ArchivedImage } from "./open-docker-archive.ts";
import { synthesizeImage } from "./synthesized-image.ts";

/** A root file system that was read once and is to be read again for the disk. */
export interface SingleLayer {
  readonly descriptor: Pick<Descriptor, "mediaType" | "digest" | "size">;
  readonly diffId: Digest;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * An image of one layer, made for the platform that is asked for, with what a build `FROM scratch` begins with as its
 * config. Nothing says when it was made.
 */
export async function scratchImage(layer: SingleLayer, platform: Platform): Promise<ArchivedImage> {
  const { os, architecture, variant } = platform;
  const config = {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
  };
  const image = await synthesizeImage(Buffer.from(JSON.stringify(config)), [layer.descriptor], platform);
  const source: LayerSource = { ...layer, open: (signal) => layer.open(signal) };
  return { image, layers: [source] };
}
