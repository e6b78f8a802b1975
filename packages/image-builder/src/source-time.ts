import type { ImageConfig } from "@bootlayer/image-spec";
import { epoch, type Timestamp } from "@bootlayer/rootfs-tree";
import { BuilderError } from "./errors.ts";

/**
 * The time that a disk carries as its own: SOURCE_DATE_EPOCH if given (reproducible-builds.org), else when the image
 * was created (image-spec config.md, "created"), else 1970. Never the clock's.
 *
 * @throws {BuilderError} OPTIONS_INVALID for a SOURCE_DATE_EPOCH that is no whole number of seconds.
 */
export function sourceTime(config: ImageConfig, sourceDateEpoch: string | undefined): Timestamp {
  if (sourceDateEpoch !== undefined && sourceDateEpoch !== "") {
    const seconds = Number(sourceDateEpoch);
    if (!/^\d+$/.test(sourceDateEpoch) || seconds > 0xffff_ffff)
      throw new BuilderError(
        "OPTIONS_INVALID",
        `SOURCE_DATE_EPOCH is ${JSON.stringify(sourceDateEpoch)}`,
        "it must be a whole number of seconds since 1970",
      );
    return { seconds, nanoseconds: 0 };
  }
  const milliseconds = Date.parse(config.created ?? "");
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return epoch;
  // Ext4 keeps the time of its making in 32 bits.
  return { seconds: Math.min(Math.floor(milliseconds / 1000), 0xffff_ffff), nanoseconds: 0 };
}
