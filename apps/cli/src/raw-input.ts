import { Transform, type Readable } from "node:stream";
import type { InputStream } from "./context.ts";

/** Ctrl-], as in telnet(1). */
const quitKey = 0x1d;

/** Standard input as it goes to a guest. */
export interface RawInput {
  readonly stream: Readable;
  /** Fulfilled when the quit key is typed on a terminal. */
  readonly quit: Promise<void>;
  /** Leaves the terminal as it was. */
  restore(): void;
}

/**
 * Passes each key of a terminal on at once, Ctrl-C among them; other input is passed on as it is, once somebody listens: nobody
 * would see that it is lost.
 */
export function rawInput(stdin: InputStream, listening?: Promise<void>): RawInput {
  const { promise: quit, resolve } = Promise.withResolvers<void>();
  const isTerminal = stdin.isTTY === true;
  const stream = new Transform({
    async transform(chunk: Buffer, _encoding, callback) {
      if (!isTerminal) await listening;
      else if (chunk.includes(quitKey)) resolve();
      callback(null, chunk);
    },
  });
  stdin.setRawMode?.(true);
  stdin.pipe(stream);
  return {
    stream,
    quit,
    restore() {
      stdin.unpipe(stream);
      stdin.setRawMode?.(false);
      stdin.pause();
    },
  };
}
