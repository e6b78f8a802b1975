import { join } from "node:path";
import { writeDurableFile } from "@bootlayer/durable-file";
import { maxDocumentBytes, parseDocument, type Descriptor } from "@bootlayer/image-spec";
import * as z from "zod";
import type { BlobStore } from "./blob-store.ts";
import { StoreError } from "./errors.ts";
import { invalidLayout, readLayoutFile, type Layout } from "./layout.ts";
import { withStoreLock } from "./store-lock.ts";

/** Whatever else other tools wrote into the file stays when we change it. */
const looseIndexSchema = z.looseObject({ manifests: z.array(z.unknown()).nullish() });

/**
 * What a layout's index.json points at (image-layout.md, "index.json file").
 *
 * @throws {StoreError} STORE_INVALID. @throws {ImageSpecError} DOCUMENT_INVALID, DOCUMENT_UNSUPPORTED.
 */
export async function readIndexFile(layout: Layout): Promise<readonly Descriptor[]> {
  return parseIndexFile(layout, await readLayoutFile(layout, "index.json", maxDocumentBytes));
}

/**
 * Takes the entries out that `isReplaced` names and adds others, which may depend on those, while no other process
 * changes the file or collects garbage; readers see the old one or the new one. Answers with the number of entries taken
 * out.
 */
export async function replaceEntries(
  store: BlobStore,
  isReplaced: (descriptor: Descriptor) => boolean,
  added: (replaced: readonly Descriptor[]) => Promise<readonly Descriptor[]>,
  signal?: AbortSignal,
): Promise<number> {
  return withStoreLock(
    store,
    async () => {
      const bytes = await readLayoutFile(store, "index.json", maxDocumentBytes);
      const descriptors = parseIndexFile(store, bytes);
      const index = looseIndexSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
      const entries = index.manifests ?? [];
      const kept = entries.filter((_, position) => {
        const descriptor = descriptors[position];
        return descriptor === undefined || !isReplaced(descriptor);
      });
      const manifests = [...kept, ...(await added(descriptors.filter(isReplaced)))];
      // As they are written: of a descriptor at hand, members may be there and undefined.
      const isChanged = JSON.stringify(manifests) !== JSON.stringify(entries);
      if (isChanged) await writeIndexFile(store, { ...index, manifests });
      return entries.length - kept.length;
    },
    signal,
  );
}

async function writeIndexFile(store: BlobStore, index: object): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(index));
  const path = join(store.directory, "index.json");
  try {
    // An index that has grown past what readers take must not come to be.
    parseIndexFile(store, bytes);
  } catch (cause) {
    throw new StoreError(
      "STORE_FULL",
      `${path} has no room for another name`,
      "remove images that are not needed",
      {
        cause,
      },
    );
  }
  await writeDurableFile(path, bytes, { temporaryDirectory: store.ingestDirectory });
}

function parseIndexFile(layout: Layout, bytes: Uint8Array): readonly Descriptor[] {
  const document = parseDocument(bytes, join(layout.directory, "index.json"));
  if (document.kind === "index") return document.index.manifests;
  throw invalidLayout(layout.directory, "its index.json is a manifest");
}
