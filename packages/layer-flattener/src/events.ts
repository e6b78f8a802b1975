import type { Digest } from "@bootlayer/image-spec";

/** What flattening reports while it runs. `layer` counts from 0, the base layer. */
export type FlattenEvent = Readonly<
  | { kind: "layer-bytes"; layer: number; digest: Digest; bytes: number; totalBytes: number }
  | { kind: "layer-verified"; layer: number; digest: Digest; entries: number; unpackedBytes: number }
  | { kind: "second-pass"; layer: number; digest: Digest; files: number }
>;
