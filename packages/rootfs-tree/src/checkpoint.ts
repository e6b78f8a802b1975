import { setImmediate } from "node:timers/promises";

/** Called once for each item of a long loop: now and then it lets other work run and sees whether to stop. */
export type Checkpoint = () => Promise<void> | undefined;

/** Often enough to answer Ctrl-C at once, seldom enough to cost nothing. */
const itemsBetween = 4096;

/** The checkpoint rejects with the signal's reason once that has been aborted. */
export function checkpoint(signal: AbortSignal | undefined): Checkpoint {
  let items = 0;
  return () => (++items % itemsBetween === 0 ? pause(signal) : undefined);
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
