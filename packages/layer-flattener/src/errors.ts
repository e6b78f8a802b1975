import { BootlayerError } from "@bootlayer/errors";

export type TarErrorCode =
  | "TAR_TRUNCATED"
  | "TAR_HEADER"
  | "TAR_NUMBER"
  | "TAR_NAME"
  | "TAR_TYPEFLAG"
  | "TAR_PAX"
  | "TAR_SPARSE"
  | "TAR_LIMIT";

/** An archive that is not what its format says, or that is more than the limits allow. */
export class TarError extends BootlayerError<TarErrorCode> {}

/** Makes the error for a fault at the place that is being read. */
export type TarFail = (code: TarErrorCode, what: string) => TarError;

export type FlattenErrorCode =
  | "LAYER_COMPRESSION"
  | "LAYER_DECOMPRESS"
  | "LAYER_DIFF_ID"
  | "LAYER_LIMIT"
  | "LAYER_PATH_ESCAPES"
  | "LAYER_PATH_LOOP"
  | "LAYER_ROOT"
  | "LAYER_WHITEOUT"
  | "LAYER_LINK_TARGET"
  | "LAYER_SOURCE_CHANGED"
  | "FLATTEN_OPTIONS"
  | "FLATTEN_WORKER";

/** Layers that cannot become one tree. */
export class FlattenError extends BootlayerError<FlattenErrorCode> {}

const faulty = "the layer was made by a faulty tool, or to do harm";

const tarHints: Readonly<Record<TarErrorCode, string>> = {
  TAR_TRUNCATED: "the layer was cut off when it was made: build the image again",
  TAR_HEADER: faulty,
  TAR_NUMBER: faulty,
  TAR_NAME: faulty,
  TAR_TYPEFLAG: "only files, directories, links, devices and fifos belong into a layer",
  TAR_PAX: faulty,
  TAR_SPARSE: faulty,
  TAR_LIMIT: "if you trust the image, raise this limit",
};

/** `where` names the archive and, once it is known, the entry. */
export function tarError(code: TarErrorCode, where: string, what: string): TarError {
  return new TarError(code, `${where}: ${what}`, tarHints[code]);
}

const flattenHints: Readonly<Record<FlattenErrorCode, string>> = {
  LAYER_COMPRESSION: "layers are tar, plain or in gzip or zstd: push the image again in one of these",
  LAYER_DECOMPRESS: "the layer was damaged before it was pushed: build the image again",
  LAYER_DIFF_ID: "the image's config does not belong to its layers: build the image again",
  LAYER_LIMIT: "if you trust the image, raise this limit",
  LAYER_PATH_ESCAPES: faulty,
  LAYER_PATH_LOOP: "the image has symlinks that point at each other",
  LAYER_ROOT: faulty,
  LAYER_WHITEOUT: faulty,
  LAYER_LINK_TARGET: "the layers are not in their order, or a faulty tool made them",
  LAYER_SOURCE_CHANGED: "do not alter the store while an image is built",
  FLATTEN_OPTIONS: "see the documentation of the option",
  FLATTEN_WORKER: "is there enough memory? See the cause",
};

export function flattenError(code: FlattenErrorCode, what: string, options?: ErrorOptions): FlattenError {
  return new FlattenError(code, what, flattenHints[code], options);
}
