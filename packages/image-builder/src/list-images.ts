import { listImages, openBlobStore, type ListedImage } from "@bootlayer/blob-store";
import type { Environment } from "./build-options.ts";

/** The images that the store knows by name. */
export async function listStoredImages({
  store,
}: Pick<Environment, "store">): Promise<readonly ListedImage[]> {
  return listImages(await openBlobStore(store));
}
