import { RegistryError } from "./errors.ts";
import type { HttpResponse } from "./transport.ts";

/**
 * A whole small body.
 *
 * @throws {RegistryError} REGISTRY_RESPONSE_TOO_LARGE as soon as it has more than `limit` bytes.
 */
export async function boundedBody(response: HttpResponse, limit: number, what: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of response.body) {
    received += chunk.length;
    if (received > limit)
      throw new RegistryError(
        "REGISTRY_RESPONSE_TOO_LARGE",
        `${response.url.host} sent more than ${limit} bytes as ${what}`,
        "no sound registry does that",
      );
    parts.push(new Uint8Array(chunk));
  }
  return Buffer.concat(parts);
}

/** At most the first `limit` bytes; what is wrong with a body that is only read for a message does not matter. */
export async function bodyStart(response: HttpResponse, limit: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let received = 0;
  try {
    for await (const chunk of response.body) {
      parts.push(new Uint8Array(chunk));
      if ((received += chunk.length) >= limit) break;
    }
  } catch {
    // The status alone has to tell, then.
  }
  return Buffer.concat(parts).subarray(0, limit);
}
