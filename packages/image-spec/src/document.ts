import * as z from "zod";
import { ImageSpecError } from "./errors.ts";
import { imageIndexSchema, type Index } from "./image-index.ts";
import { manifestSchema, type Manifest } from "./manifest.ts";
import { mediaTypes } from "./media-type.ts";

/** A manifest or an index, told apart by `kind`. */
export type ImageDocument = Readonly<
  { kind: "manifest"; manifest: Manifest } | { kind: "index"; index: Index }
>;

/** Longest manifest, index or config that is read, in bytes (distribution-spec: registries must take 4 MiB). */
export const maxDocumentBytes: number = 4 * 2 ** 20;

const kinds: ReadonlyMap<string | undefined, ImageDocument["kind"]> = new Map([
  [mediaTypes.ociManifest, "manifest"],
  [mediaTypes.dockerManifest, "manifest"],
  [mediaTypes.ociIndex, "index"],
  [mediaTypes.dockerManifestList, "index"],
]);

/**
 * Reads a manifest or an index. What it is, is said by its `mediaType`, else by `mediaType` of the caller (a descriptor
 * or Content-Type), else by its shape.
 *
 * @throws {ImageSpecError} DOCUMENT_TOO_LARGE, DOCUMENT_INVALID; DOCUMENT_UNSUPPORTED for Docker's schema 1 and for a
 * document that is a manifest and an index at once, or calls itself another kind than the caller was told
 * (CVE-2021-41190).
 */
export function parseDocument(bytes: Uint8Array, name: string, mediaType?: string): ImageDocument {
  const json = parseJson(bytes, name);
  const shape = z
    .looseObject({ mediaType: z.string().optional(), schemaVersion: z.unknown() })
    .safeParse(json);
  if (!shape.success) throw invalid(name, shape.error);
  const has = (member: string) => Object.hasOwn(shape.data, member);
  if (shape.data.schemaVersion === 1 || has("fsLayers"))
    throw new ImageSpecError(
      "DOCUMENT_UNSUPPORTED",
      `${name} is a Docker manifest of schema version 1`,
      "push the image again with a current tool",
    );
  const isManifest = has("config") || has("layers");
  const isIndex = has("manifests");
  if (isManifest && isIndex)
    throw new ImageSpecError(
      "DOCUMENT_UNSUPPORTED",
      `${name} is a manifest and an index at once`,
      "no honest tool writes such a document",
    );
  const own = kinds.get(shape.data.mediaType);
  const told = kinds.get(mediaType);
  if (own && told && own !== told)
    throw new ImageSpecError(
      "DOCUMENT_UNSUPPORTED",
      `${name} calls itself ${shape.data.mediaType}, but was announced as ${mediaType}`,
      "no honest tool writes such a document",
    );
  const kind = own ?? told ?? (isManifest ? "manifest" : isIndex ? "index" : undefined);
  if (kind === "manifest") return { kind, manifest: check(manifestSchema, json, name) };
  if (kind === "index") return { kind, index: check(imageIndexSchema, json, name) };
  throw new ImageSpecError(
    "DOCUMENT_UNSUPPORTED",
    `${name} is neither a manifest nor an index (media type ${shape.data.mediaType ?? mediaType ?? "not given"})`,
    "name an image",
  );
}

/** Parses JSON of bounded size and checks it against a schema. */
export function parseJson(bytes: Uint8Array, name: string): unknown {
  if (bytes.length > maxDocumentBytes)
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `${name} has ${bytes.length} bytes, more than ${maxDocumentBytes}`,
      "no image needs a document of that size",
    );
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ImageSpecError(
      "DOCUMENT_INVALID",
      `${name} is no JSON in UTF-8`,
      "the registry or layout is damaged",
      { cause },
    );
  }
}

export function check<Output>(schema: z.ZodType<Output>, json: unknown, name: string): Output {
  const { success, data, error } = schema.safeParse(json);
  if (!success) throw invalid(name, error);
  return data;
}

function invalid(name: string, cause: z.ZodError): ImageSpecError {
  return new ImageSpecError(
    "DOCUMENT_INVALID",
    `${name} breaks the image specification: ${z.prettifyError(cause).slice(0, 1000)}`,
    "the image was made by a faulty tool",
    { cause },
  );
}
