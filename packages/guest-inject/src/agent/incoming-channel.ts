import { Readable } from "node:stream";
import { FIRST_CREDIT } from "./frames.ts";
import { nonsense } from "./replies.ts";

/** Bytes from the guest, with the credit that lets it send more. */
export interface IncomingChannel {
  readonly stream: Readable;
  /** What has come. Throws {GuestAgentError} GUEST_AGENT_PROTOCOL past the credit, or past the end. */
  push(bytes: Buffer): void;
  end(): void;
  fail(error: unknown): void;
}

const step = 65_536;

/**
 * Credit follows the reader: what it has taken may be sent again, in steps. Whoever does not read stops this channel of the guest
 * after 262,144 bytes, and nothing else. A stream that is destroyed drops what comes, so that the guest goes on.
 */
export function createIncomingChannel(giveCredit: (bytes: number) => void): IncomingChannel {
  let credit = FIRST_CREDIT;
  let held = 0; // received, and no credit given for it
  let ended = false;
  const giveBack = (): void => {
    const taken = held - (stream.destroyed ? 0 : stream.readableLength);
    if (taken < step || ended) return;
    held -= taken;
    credit += taken;
    giveCredit(taken);
  };
  const stream = new Readable({
    highWaterMark: step,
    // What is being read just now is still in the stream until this returns.
    read: () => queueMicrotask(giveBack),
    destroy(error, callback) {
      callback(error);
      queueMicrotask(giveBack);
    },
  });
  // Who only asks for the exit code must not be ended by an error of a stream that it never looked at.
  stream.on("error", () => undefined);
  return {
    stream,
    push(bytes) {
      if (ended) throw nonsense("data after its end", bytes);
      if (bytes.length > credit) throw nonsense("more data than it had credit for", bytes);
      credit -= bytes.length;
      held += bytes.length;
      if (stream.destroyed) giveBack();
      else stream.push(bytes);
    },
    end() {
      ended = true;
      if (!stream.destroyed) stream.push(null);
    },
    fail(error) {
      ended = true;
      if (!stream.readableEnded) stream.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  };
}
