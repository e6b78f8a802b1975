import { resolveManifest, type Descriptor, type Platform, type ResolvedImage } from "@bootlayer/image-spec";
import { StoreError } from "./errors.ts";
import { readIndexFile } from "./index-file.ts";
import { nameOf } from "./images.ts";
import type { Layout } from "./layout.ts";
import { readDocument } from "./read-blob.ts";

/** As many names as an error lists. */
const maxListedNames = 20;

/**
 * The entry of a layout's index.json that has the name, compared exactly; the only entry if none is given.
 *
 * @throws {StoreError} STORE_IMAGE_NOT_FOUND, STORE_IMAGE_AMBIGUOUS, both saying which names there are; STORE_INVALID.
 * @throws {ImageSpecError} DOCUMENT_INVALID, DOCUMENT_UNSUPPORTED for an index.json that is damaged.
 */
export async function resolveInLayout(layout: Layout, name: string | undefined): Promise<Descriptor> {
  return chooseNamed(await readIndexFile(layout), name, layout.directory);
}

/**
 * The same among the entries of an index.json that lies elsewhere, in an archive: `place` names it in errors.
 *
 * @throws {StoreError} STORE_IMAGE_NOT_FOUND, STORE_IMAGE_AMBIGUOUS.
 */
export function chooseNamed(
  entries: readonly Descriptor[],
  name: string | undefined,
  place: string,
): Descriptor {
  const candidates = name === undefined ? entries : entries.filter((entry) => nameOf(entry) === name);
  const [first, ...others] = candidates;
  const wanted = name === undefined ? "an image without a name" : JSON.stringify(name.slice(0, 200));
  if (!first)
    throw new StoreError(
      "STORE_IMAGE_NOT_FOUND",
      `${wanted} is not in ${place}`,
      `it has ${listNames(entries)}`,
    );
  if (others.every(({ digest }) => digest === first.digest)) return first;
  throw new StoreError(
    "STORE_IMAGE_AMBIGUOUS",
    `${wanted} can be any of ${candidates.length} images in ${place}`,
    `it has ${listNames(entries)}: name one`,
  );
}

/**
 * The image of that name for one platform, through any nested indexes, with its documents read and checked.
 *
 * @throws as `resolveInLayout`, `readDocument` and `resolveManifest`.
 */
export async function resolveImageInLayout(
  layout: Layout,
  name: string | undefined,
  platform: Platform,
  signal?: AbortSignal,
): Promise<ResolvedImage> {
  const descriptor = await resolveInLayout(layout, name);
  const bytes = await readDocument(layout, descriptor, signal);
  return resolveManifest({ ...descriptor, bytes }, platform, (child) => readDocument(layout, child, signal));
}

function listNames(entries: readonly Descriptor[]): string {
  if (entries.length === 0) return "no images";
  const names = entries.map((entry) => nameOf(entry));
  const listed = [...new Set(names)].filter((name) => name !== undefined).slice(0, maxListedNames);
  const nameless = names.filter((name) => name === undefined).length;
  return [
    ...listed.map((name) => JSON.stringify(name.slice(0, 200))),
    ...(nameless > 0 ? [`${nameless} without a name`] : []),
  ].join(", ");
}
