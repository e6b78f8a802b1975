import type { Duplex } from "node:stream";
import { GuestAgentError } from "../errors.ts";
import { createOpening, createOpeningFinder, RESYNCHRONISATION } from "./opening.ts";

const firstPatience = 1000;

/**
 * Sends an opening and waits for the agent's answer to it; gives the bytes that came after the answer, and leaves the connection
 * paused. On a serial port it tries again, each time more patiently, behind bytes that end a frame which was cut off; only the answer
 * to the newest opening counts, for the agent heeds them all, one after the other.
 *
 * @throws {GuestAgentError} GUEST_AGENT_LOST when the connection ends first; the reason of `signal`.
 */
export async function answerTo(
  connection: Duplex,
  isSerial: boolean,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  signal?.throwIfAborted();
  // Its end may have come before anyone here listened.
  if (connection.destroyed || connection.readableEnded) throw ended(connection.errored ?? undefined);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let find = sendOpening(connection);
  let patience = firstPatience;
  const tryAgain = (): void => {
    connection.write(RESYNCHRONISATION);
    find = sendOpening(connection);
    patience *= 2;
    timer = setTimeout(tryAgain, patience);
  };
  let timer = isSerial ? setTimeout(tryAgain, patience) : undefined;

  const take = (chunk: Uint8Array): void => {
    const rest = find(chunk);
    if (rest === undefined) return;
    connection.pause();
    resolve(rest);
  };
  const abort = (): void => reject(signal?.reason);
  const fail = (cause: unknown): void => reject(ended(cause));
  const end = (): void => reject(ended());
  connection.on("data", take).on("error", fail).on("end", end).on("close", end);
  // Who dialled may have paused it, and then a listener alone does not start it again.
  connection.resume();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    connection.off("data", take).off("error", fail).off("end", end).off("close", end);
    // Between this and the session, or after a failure, an error still must not end the process.
    connection.on("error", () => undefined);
    signal?.removeEventListener("abort", abort);
  }
}

function sendOpening(connection: Duplex): ReturnType<typeof createOpeningFinder> {
  const opening = createOpening();
  connection.write(opening);
  return createOpeningFinder(opening);
}

function ended(cause?: unknown): GuestAgentError {
  return new GuestAgentError(
    "GUEST_AGENT_LOST",
    "the connection ended before the guest's agent answered",
    "check that the guest runs and that its agent listens there",
    cause === undefined ? undefined : { cause },
  );
}
