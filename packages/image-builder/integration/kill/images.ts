import { createCipheriv, createHash } from "node:crypto";
import { image, layerBlob, tarArchive, type FixtureImage } from "@bootlayer/test-fixtures";

import { imageCount, imageName } from "./names.ts";

const layerMebibytes = [1, 1, 2, 2, 3, 3, 4, 6];
const layersPerImage = 3;

/** Small images that share layers, each layer long enough to be killed in its middle; the same in every run. */
export function killImages(): Record<string, FixtureImage> {
  const layers = layerMebibytes.map((mebibytes, number) => {
    const key = createHash("sha256").update(`layer ${number}`).digest();
    const zeros = Buffer.alloc(mebibytes * 2 ** 20);
    const content = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(zeros);
    return layerBlob(tarArchive([{ name: `file-${number}`, content }]), "none");
  });
  const images: Record<string, FixtureImage> = {};
  for (let number = 0; number < imageCount; number++) {
    const chosen = Array.from({ length: layersPerImage }, (_, n) => layers[(number + n * 2) % layers.length]);
    images[imageName(number)] = image(
      chosen.filter((layer) => layer !== undefined),
      { config: { Cmd: [`${number}`] } },
    );
  }
  return images;
}
