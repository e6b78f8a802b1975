import { mediaTypes } from "@bootlayer/image-spec";
import { FlattenError, type Wrapping } from "@bootlayer/layer-flattener";

/** What a layer is called that lies wrapped so. @throws {FlattenError} LAYER_COMPRESSION. */
export function layerMediaType(wrapping: Wrapping, name: string): string {
  switch (wrapping) {
    case "none":
      return mediaTypes.ociLayer;
    case "gzip":
      return mediaTypes.ociLayerGzip;
    case "zstd":
      return mediaTypes.ociLayerZstd;
    default:
      throw new FlattenError(
        "LAYER_COMPRESSION",
        `${name} is compressed with ${wrapping}`,
        "layers are tar, plain or in gzip or zstd: compress it anew",
      );
  }
}
