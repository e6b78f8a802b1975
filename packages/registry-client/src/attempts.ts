import type { RegistryClient } from "./client.ts";

/** Runs `attempt` until it succeeds, or fails in a way that the client's rules for retries do not forgive. */
export async function withRetries<Result>(
  client: RegistryClient,
  subject: string,
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      await client.pause(error, failures, subject, signal);
    }
  }
}
