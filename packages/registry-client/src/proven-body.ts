import { createHash } from "node:crypto";
import { digestAlgorithm, digestHex, type Digest } from "@bootlayer/image-spec";
import { RegistryError } from "./errors.ts";
import { holdLast } from "./hold-last.ts";
import type { HttpResponse } from "./transport.ts";

/**
 * A mirror's answer. A whole blob from it is hashed here, although it is once more where it goes: only so can it be known
 * which host sent wrong bytes, and the next attempt ask another.
 */
export function provenBody(
  response: HttpResponse,
  digest: Digest | undefined,
  subject: string,
): HttpResponse {
  if (digest === undefined || response.status !== 200) return response;
  // With the last chunk whoever reads would have all that was promised, and not look further.
  return { ...response, body: holdLast(proven(response, digest, subject)) };
}

async function* proven(response: HttpResponse, digest: Digest, subject: string): AsyncGenerator<Uint8Array> {
  const hash = createHash(digestAlgorithm(digest));
  for await (const chunk of response.body) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== digestHex(digest))
    throw new RegistryError(
      "REGISTRY_PROTOCOL",
      `${subject}: the mirror ${response.url.host} sent other bytes`,
      "the mirror is damaged or lies",
      { isTransient: true },
    );
}
