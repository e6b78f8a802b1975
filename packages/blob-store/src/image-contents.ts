import type { Descriptor, Digest } from "@bootlayer/image-spec";
import { readIndexFile } from "./index-file.ts";
import type { Layout } from "./layout.ts";
import { reach } from "./reachable.ts";

/** An entry of index.json, and the digests of all that it is made of. */
export interface ImageContents {
  readonly entry: Descriptor;
  readonly digests: ReadonlySet<Digest>;
}

/** @throws as `readIndexFile` and `reach`. */
export async function contentsOfImages(layout: Layout, signal?: AbortSignal): Promise<ImageContents[]> {
  const contents: ImageContents[] = [];
  for (const entry of await readIndexFile(layout))
    contents.push({ entry, digests: (await reach(layout, [entry], undefined, signal)).digests });
  return contents;
}
