import { RegistryError } from "./errors.ts";

/**
 * Passes bytes on, and gives up when too few arrive. Only the time spent waiting for the source counts, so that a slow
 * consumer is never blamed on the network.
 *
 * @throws {RegistryError} REGISTRY_STALLED.
 */
export async function* minimumRate(
  chunks: AsyncIterable<Uint8Array>,
  limits: { readonly stallMilliseconds: number; readonly minBytesPerSecond: number },
  host: string,
  now: () => number = () => performance.now(),
): AsyncGenerator<Uint8Array> {
  let waited = 0;
  let received = 0;
  let asked = now();
  for await (const chunk of chunks) {
    waited += now() - asked;
    received += chunk.length;
    if (waited >= limits.stallMilliseconds) {
      if (received < (limits.minBytesPerSecond * waited) / 1000)
        throw new RegistryError(
          "REGISTRY_STALLED",
          `${host} sent ${received} bytes in ${Math.round(waited / 1000)} s`,
          "try again, or lower the rate that is asked for",
          { isTransient: true },
        );
      waited = 0;
      received = 0;
    }
    yield chunk;
    asked = now();
  }
}
