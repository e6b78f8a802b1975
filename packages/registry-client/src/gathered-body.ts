/** What a body's reader may ask of the connection that it comes by. */
export interface BodySource {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** A body on its way: the connection's side and the reader's. */
export interface GatheredBody {
  readonly push: (chunk: Uint8Array) => void;
  readonly end: () => void;
  /** What has come is still given to the reader before the error, unless `drop` is set. */
  readonly fail: (error: Error, drop: boolean) => void;
  /** To be read once. Left early, it ends the connection. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Reads up to the end, so that the connection can be used again; ends it if that takes more than `limit` bytes. */
  readonly discard: (limit: number) => Promise<void>;
}

/** Enough to make the work for each piece small beside that for its bytes. */
const pieceBytes = 256 * 1024;
/** The connection is paused when so much waits for the reader. */
const highWaterBytes = 2 * pieceBytes;

/**
 * Gathers what a connection gives, at most 64 KiB at a time, into larger pieces, without waiting for more than what has
 * come already: a slow connection's bytes are passed on as they are. A piece's memory is used again when the next one is
 * asked for.
 */
export function gatherBody(source: BodySource): GatheredBody {
  let parts: Uint8Array[] = [];
  let held = 0;
  let memory = Buffer.alloc(0);
  let isPaused = false;
  let isWaking = false;
  let wake: (() => void) | undefined;
  let ending: { readonly error?: Error } | undefined;
  let discardLimit: number | undefined;

  function wakeReader(): void {
    isWaking = false;
    wake?.();
    wake = undefined;
  }

  /** Until something comes, or the body ends. */
  function sleep(): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve;
    });
  }

  function take(): Uint8Array {
    const [first] = parts;
    const isLone = parts.length === 1 && first !== undefined && first.length < minFreedBytes;
    const piece = isLone ? first : joined();
    parts = [];
    held = 0;
    if (isPaused) {
      isPaused = false;
      source.resume();
    }
    return piece;
  }

  function joined(): Uint8Array {
    if (memory.length < held) memory = Buffer.allocUnsafeSlow(Math.max(held, highWaterBytes));
    let at = 0;
    for (const part of parts) {
      memory.set(part, at);
      at += part.length;
      free(part);
    }
    return memory.subarray(0, at);
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (held > 0) yield take();
        else if (ending?.error) throw ending.error;
        else if (ending) return;
        else await sleep();
      }
    } finally {
      if (!ending) source.abort(new Error("the rest of the body is not wanted"));
    }
  }

  return {
    push(chunk) {
      held += chunk.length;
      if (discardLimit !== undefined) {
        if (held > discardLimit) source.abort(new Error("the body is not wanted"));
        return;
      }
      parts.push(chunk);
      if (held >= pieceBytes) wakeReader();
      else if (wake && !isWaking) {
        isWaking = true;
        // After what else the connection has at this moment.
        setImmediate(wakeReader);
      }
      if (held >= highWaterBytes && !isPaused) {
        isPaused = true;
        source.pause();
      }
    },
    end() {
      ending = {};
      wakeReader();
    },
    fail(error, drop) {
      if (drop) parts = [];
      if (drop) held = 0;
      ending = { error };
      wakeReader();
    },
    pieces: { [Symbol.asyncIterator]: read },
    async discard(limit) {
      parts = [];
      discardLimit = limit;
      if (isPaused) source.resume();
      if (!ending) await sleep();
    },
  };
}

/** Of a smaller chunk the memory is not worth the trouble. */
const minFreedBytes = 16 * 1024;

/**
 * Gives the memory of a chunk back at once, if it is all the chunk's own: waiting for the garbage collector, a fast
 * download has a hundred megabytes of it.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength >= minFreedBytes)
    buffer.transfer(0);
}
