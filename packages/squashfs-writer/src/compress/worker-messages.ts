import type { SquashfsBlockSize, SquashfsCompression } from "../options.ts";

/** What a thread is told at its start. */
export interface ThreadData {
  readonly compression: SquashfsCompression;
  readonly blockSize: SquashfsBlockSize;
  /** URL of the program's file, for a thread whose text is in no file: native packages are found from there. */
  readonly program?: string;
}

/** A block on its way to a thread: the first `length` bytes of memory that travels with it. */
export interface BlockToCompress {
  readonly memory: ArrayBuffer;
  readonly length: number;
}

/** The same memory on its way back, its first `length` bytes being what is to be stored. */
export interface BlockToStore extends BlockToCompress {
  /** It did not shrink, and is stored as it was. */
  readonly raw: boolean;
}
