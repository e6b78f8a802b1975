import { compressionIds, type Compressor } from "./compressor.ts";
import { loadCompressor } from "./load-compressor.ts";

/** What readers take for granted when the image holds no options. */
const defaultLevel = 9;
const defaultWindowBits = 15;
const defaultStrategies = 0;

/**
 * "gzip" of squashfs is one zlib stream (RFC 1950) a block. libdeflate as WebAssembly packs tighter than zlib in half the time, and
 * to the same bytes everywhere.
 *
 * `level` is 1 to 12; the image's options know 1 to 9 only, and no reader makes use of them.
 */
export async function createGzipCompressor(level: number): Promise<Compressor> {
  const { zlib } = await loadCompressor("libdeflate", () => import("libdeflate"));
  keepingListeners(() => zlib(Uint8Array.of(0), level));
  return {
    id: compressionIds.gzip,
    options: gzipOptions(Math.min(level, defaultLevel)),
    compress(block) {
      const compressed = zlib(block, level);
      return compressed.length < block.length ? compressed : undefined;
    },
  };
}

/**
 * The first call of a library that Emscripten compiled starts it, and the start-up code has the process end at every error that
 * nobody catches, whatever the program has arranged for them: that is not a compressor's to decide.
 */
function keepingListeners(start: () => void): void {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = new Set(events.flatMap((event) => process.rawListeners(event)));
  start();
  for (const event of events)
    for (const listener of process.rawListeners(event))
      if (!before.has(listener)) process.off(event, listener as () => void);
}

function gzipOptions(level: number): Uint8Array | undefined {
  if (level === defaultLevel) return undefined;
  const options = Buffer.alloc(8);
  options.writeUInt32LE(level, 0);
  options.writeUInt16LE(defaultWindowBits, 4);
  options.writeUInt16LE(defaultStrategies, 6);
  return options;
}
