import type { LayerLimits } from "@bootlayer/layer-flattener";
import { BuilderError } from "../errors.ts";

/** Watches how much more comes out of a stream than went into it. */
export interface SizeLimiter {
  receive(bytes: number): void;
  /** @throws {BuilderError} SOURCE_LIMIT, by the same limits as a layer's. */
  unpack(bytes: number): void;
}

export function sizeLimiter(
  name: string,
  { unpackedBytes, ratio, ratioFloorBytes }: LayerLimits,
): SizeLimiter {
  let received = 0;
  let unpacked = 0;
  return {
    receive(bytes) {
      received += bytes;
    },
    unpack(bytes) {
      unpacked += bytes;
      const allowed = Math.min(unpackedBytes, Math.max(ratioFloorBytes, ratio * received));
      if (unpacked > allowed)
        throw new BuilderError(
          "SOURCE_LIMIT",
          `the first ${received} bytes of ${name} unpack to over ${allowed} bytes`,
          "if you trust it, raise the limits unpackedBytes or ratio",
        );
    },
  };
}
