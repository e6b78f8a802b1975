import { FIRST_CREDIT, MAX_PAYLOAD } from "./frames.ts";

/** Bytes to the guest, no faster than it gives credit and `send` allows. */
export interface OutgoingChannel {
  /** Ends when all has been sent, or the channel was stopped: then with false. One call at a time. */
  write(bytes: Uint8Array): Promise<boolean>;
  addCredit(bytes: number): void;
  /** Nothing is sent any more. */
  stop(): void;
}

export function createOutgoingChannel(send: (bytes: Uint8Array) => Promise<void>): OutgoingChannel {
  let credit = FIRST_CREDIT;
  let stopped = false;
  let wake: (() => void) | undefined;
  return {
    async write(bytes) {
      let rest = bytes;
      while (rest.length > 0) {
        if (stopped) return false;
        if (credit === 0) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        const size = Math.min(rest.length, credit, MAX_PAYLOAD - 1);
        credit -= size;
        await send(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      return !stopped;
    },
    addCredit(bytes) {
      credit += bytes;
      wake?.();
    },
    stop() {
      stopped = true;
      wake?.();
    },
  };
}
