import { StoreError } from "@bootlayer/blob-store";
import { formatReference } from "@bootlayer/registry-client";
import * as z from "zod";
import type { DockerArchiveImage } from "../source.ts";
import { tryReference } from "../try-reference.ts";
import { archiveError } from "./archive-entries.ts";

/** One image of a `docker save` archive's manifest.json (moby image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"). */
export interface DockerImage {
  /** Entry that holds the config. */
  readonly Config: string;
  readonly RepoTags: readonly string[];
  /** Entries that hold the layers, the base layer first. */
  readonly Layers: readonly string[];
}

const path = z.string().min(1).max(4096);

/** What Go's tools write for an empty list is null. */
function list(item: z.ZodString, most: number): z.ZodType<readonly string[]> {
  return z
    .array(item)
    .max(most)
    .nullish()
    .transform((items) => items ?? []);
}

const schema: z.ZodType<readonly DockerImage[]> = z
  .array(z.object({ Config: path, RepoTags: list(z.string().max(4096), 10_000), Layers: list(path, 1000) }))
  .max(10_000);

/** @throws {BuilderError} SOURCE_ARCHIVE. */
export function parseDockerManifest(bytes: Uint8Array, archive: string): readonly DockerImage[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw archiveError(archive, "has a manifest.json that is no JSON in UTF-8", { cause });
  }
  const { success, data, error: cause } = schema.safeParse(json);
  if (!success)
    throw archiveError(archive, `has a malformed manifest.json: ${z.prettifyError(cause).slice(0, 1000)}`, {
      cause,
    });
  return data;
}

/** @throws {StoreError} STORE_IMAGE_NOT_FOUND, STORE_IMAGE_AMBIGUOUS, both saying which images there are. */
export function chooseDockerImage(
  images: readonly DockerImage[],
  wanted: DockerArchiveImage,
  archive: string,
): DockerImage {
  const candidates =
    wanted.by === "being-alone"
      ? images
      : wanted.by === "index"
        ? images.slice(wanted.index, wanted.index + 1)
        : images.filter(({ RepoTags }) => RepoTags.some((tag) => fullName(tag) === wanted.reference));
  const [image, ...others] = candidates;
  if (image !== undefined && others.length === 0) return image;
  const name =
    wanted.by === "being-alone"
      ? "an image without a name"
      : wanted.by === "index"
        ? `image ${wanted.index}`
        : wanted.reference;
  const listed = images
    .slice(0, 20)
    .map(
      ({ RepoTags }, index) =>
        RepoTags.slice(0, 5)
          .map((tag) => JSON.stringify(tag.slice(0, 200)))
          .join(" ") || `@${index}`,
    )
    .join(", ");
  throw image === undefined
    ? new StoreError(
        "STORE_IMAGE_NOT_FOUND",
        `${name} is not in ${archive}`,
        images.length === 0 ? "it has no images" : `it has ${listed}`,
      )
    : new StoreError(
        "STORE_IMAGE_AMBIGUOUS",
        `${name} can be any of ${candidates.length} images in ${archive}`,
        `it has ${listed}: name one, or say which by :@0 and so on`,
      );
}

/** As references are compared; what is none, as it stands. */
function fullName(tag: string): string {
  const reference = tryReference(tag);
  return reference ? formatReference(reference) : tag;
}
