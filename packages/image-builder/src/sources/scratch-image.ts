import type { Platform } from "@bootlayer/image-spec";
import type { LayerSource } from "@bootlayer/layer-flattener";
import type { LocalImage } from "./local-image.ts";
import { synthesizeImage } from "./synthesized-image.ts";

/**
 * An image of one layer, made for the platform that is asked for, with what a build `FROM scratch` begins with as its
 * config. Nothing says when it was made.
 */
export async function scratchImage(layer: LayerSource, platform: Platform): Promise<LocalImage> {
  const { os, architecture, variant } = platform;
  const config = {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
  };
  const image = await synthesizeImage(Buffer.from(JSON.stringify(config)), [layer.descriptor], platform);
  return { image, layers: [layer] };
}
