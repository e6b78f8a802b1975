import { readContent } from "../entry-content.ts";
import type { PreparedFile } from "../guest-plan.ts";
import { injectedTree } from "../injected-tree.ts";
import { putFiles } from "../plan-layer.ts";
import type { DoctorImage } from "./doctor-image.ts";

/** The image as it will be with files of the host put in. */
export function withFiles(image: DoctorImage, files: readonly PreparedFile[]): DoctorImage {
  if (files.length === 0) return image;
  const tree = injectedTree(image.root);
  putFiles(files, tree);
  return {
    ...image,
    root: tree.root,
    async readFile(node, limit) {
      const content = tree.contentOf(node);
      if (content === undefined) return await image.readFile(node, limit);
      return Buffer.concat(await Array.fromAsync(readContent(content, undefined)));
    },
  };
}
