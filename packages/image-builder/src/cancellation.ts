import { BuilderError } from "./errors.ts";

/**
 * Runs `work` with a signal that is aborted when the caller's is, and also when `work` fails, so that whatever it
 * started beside itself (downloads, threads) stops. What then fails because of the caller's signal is CANCELLED.
 */
export async function withCancellation<Result>(
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const failed = new AbortController();
  const signal = outer ? AbortSignal.any([outer, failed.signal]) : failed.signal;
  try {
    signal.throwIfAborted();
    return await work(signal);
  } catch (cause) {
    failed.abort(cause);
    if (outer?.aborted)
      throw new BuilderError("CANCELLED", "cancelled", "nothing was left behind; start again", { cause });
    throw cause;
  }
}
