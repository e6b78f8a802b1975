import type { ByteString, DirectoryNode, FileNode } from "@bootlayer/rootfs-tree";
import * as z from "zod";
import { flattenError } from "./errors.ts";
import type { FlattenEvent } from "./events.ts";
import type { LayerSource } from "./layer-source.ts";
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
  /**
   * One more layer on top of all, made when the tree of those below is known; called once. Its entries count like any
   * other's, its digest and diff ID are checked, and no event tells of it.
   */
  readonly topLayer?: (below: LowerImage) => Promise<LayerSource | undefined>;
  /**
   * Files that `topLayer` is likely to read, by normalised path (`etc/passwd`): kept in memory on the way where they are
   * small, so that their layer need not be read again.
   */
  readonly remember?: ReadonlySet<string>;
  /** For tests: delays each piece that passes between threads, so that they meet in another order. */
  readonly jitter?: () => Promise<void>;
}

/** The tree of some layers, and what its files hold. */
export interface LowerImage {
  readonly root: DirectoryNode;
  /**
   * The first bytes of a file of this tree, at most `maxBytes` (default 1 MiB). One that was not kept in memory costs
   * another reading of its layer.
   */
  readonly readFile: ReadFile;
}

export type ReadFile = (node: FileNode, maxBytes?: number) => Promise<Uint8Array>;

export interface ParsedFlattenOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: FlattenEvent) => void;
  readonly limits: LayerLimits;
  readonly threads: number;
  readonly keepXattr: (name: ByteString) => boolean;
  readonly topLayer: ((below: LowerImage) => Promise<LayerSource | undefined>) | undefined;
  readonly remember: ReadonlySet<string>;
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
    topLayer: options.topLayer,
    remember: options.remember ?? new Set(),
    jitter: options.jitter,
  };
}
