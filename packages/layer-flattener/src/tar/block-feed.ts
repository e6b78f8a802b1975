import { blockBytes } from "./header.ts";

/** Cuts chunks of any length into blocks and runs of bytes, copying only what straddles two chunks. */
export interface BlockFeed {
  /** The next chunk; the one before must be used up. */
  push(chunk: Uint8Array): void;
  /** Says that no chunk follows. */
  end(): void;
  /** The next 512 bytes, valid until the next call; `undefined`: not there yet, or never, if `ended`. */
  takeBlock(): Buffer | undefined;
  /** Up to `limit` of the bytes that are there; empty if there are none. */
  takeRun(limit: number): Buffer;
  /** Passes over bytes, also over those that are not there: the next chunk is what follows them. */
  leaveOut(bytes: number): void;
  /** How many bytes the chunk that is pushed next must lie behind the last one. */
  readonly leftOut: number;
  /** Bytes of the archive that were taken or left out; those of a block that is not whole do not count. */
  readonly position: number;
  readonly ended: boolean;
  /** Bytes of a block that has begun and is not whole. */
  readonly partial: number;
}

export function createBlockFeed(): BlockFeed {
  const straddling = Buffer.alloc(blockBytes);
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  let partial = 0;
  let ended = false;
  let before = 0;
  let leftOut = 0;
  return {
    push(bytes) {
      before += chunk.length + leftOut;
      leftOut = 0;
      chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      at = 0;
    },
    end() {
      ended = true;
    },
    takeBlock() {
      if (partial === 0 && chunk.length - at >= blockBytes) {
        at += blockBytes;
        return chunk.subarray(at - blockBytes, at);
      }
      const taken = chunk.copy(straddling, partial, at, Math.min(chunk.length, at + blockBytes - partial));
      at += taken;
      partial += taken;
      if (partial < blockBytes) return undefined;
      partial = 0;
      return straddling;
    },
    takeRun(limit) {
      const start = at;
      at = Math.min(chunk.length, at + limit);
      return chunk.subarray(start, at);
    },
    leaveOut(bytes) {
      const there = Math.min(bytes, chunk.length - at);
      at += there;
      leftOut += bytes - there;
    },
    get leftOut() {
      return leftOut;
    },
    get position() {
      return before + at + leftOut - partial;
    },
    get ended() {
      return ended;
    },
    get partial() {
      return partial;
    },
  };
}
