import { BootlayerError } from "@bootlayer/errors";
import { parseDocument, type Descriptor, type ImageDocument } from "@bootlayer/image-spec";
import type { Layout } from "./layout.ts";
import { readDocument } from "./read-blob.ts";

/**
 * The manifest or index that a layout holds under a digest; undefined if it is missing, damaged, too long or another
 * kind of document.
 *
 * @throws the signal's reason when aborted.
 */
export async function readDocumentIfSound(
  layout: Layout,
  descriptor: Pick<Descriptor, "digest" | "size"> & { readonly mediaType?: string },
  signal?: AbortSignal,
): Promise<ImageDocument | undefined> {
  try {
    const bytes = await readDocument(layout, descriptor, signal);
    return parseDocument(bytes, descriptor.digest, descriptor.mediaType);
  } catch (error) {
    if (error instanceof BootlayerError) return undefined;
    throw error;
  }
}
