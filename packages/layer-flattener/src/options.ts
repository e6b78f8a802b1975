import type { ByteString } from "@bootlayer/rootfs-tree";
import * as z from "zod";
import { flattenError } from "./errors.ts";
import type { FlattenEvent } from "./events.ts";
import { parseLayerLimits, type LayerLimits } from "./limits.ts";

export interface FlattenOptions {
  /** Ends all work at once; `flattenLayers` then rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: FlattenEvent) => void;
  /** What an image may ask before it is refused; see `LayerLimits` for the defaults. */
  readonly limits?: Partial<LayerLimits>;
  /**
   * Threads that decompress and hash: two work on the layers that are read, further ones ahead of them. Each holds up to
   * 16 MiB. 0 does all on the calling thread. The result is the same. Default 2, at most 16.
   */
  readonly readAheadThreads?: number;
  /**
   * Which extended attributes stay, by full name. Default: all. Some tools drop `security.selinux`, since labels of the
   * machine that built the image mean nothing elsewhere; and no Linux file system holds `com.apple.provenance`.
   */
  readonly keepXattr?: (name: ByteString) => boolean;
  /** For tests: delays each piece that passes between threads, so that they meet in another order. */
  readonly jitter?: () => Promise<void>;
}

export interface ParsedFlattenOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: FlattenEvent) => void;
  readonly limits: LayerLimits;
  readonly threads: number;
  readonly keepXattr: (name: ByteString) => boolean;
  readonly jitter: (() => Promise<void>) | undefined;
}

const schema = z.object({
  readAheadThreads: z.int().min(0).max(16).default(2),
});

/** @throws {FlattenError} FLATTEN_OPTIONS. */
export function parseFlattenOptions(options: FlattenOptions): ParsedFlattenOptions {
  const { data, error: cause } = schema.safeParse(options);
  if (cause) throw flattenError("FLATTEN_OPTIONS", `options: ${z.prettifyError(cause)}`, { cause });
  return {
    signal: options.signal ?? new AbortController().signal,
    onEvent: options.onEvent ?? (() => {}),
    limits: parseLayerLimits(options.limits),
    threads: data.readAheadThreads,
    keepXattr: options.keepXattr ?? (() => true),
    jitter: options.jitter,
  };
}
