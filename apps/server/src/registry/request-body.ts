import type { FastifyRequest } from "fastify";
import { DistributionError } from "./distribution-error.ts";

/** A sender that says nothing for so long has gone, whatever its connection says. */
const silenceMilliseconds = 5 * 60_000;

/** How long a refused sender may go on before it is cut off. */
const lingerMilliseconds = 5000;

/** The bytes of a request as they come; a connection that falls silent is cut. Whoever stops early can still answer. */
export async function* bodyOf({ raw }: FastifyRequest): AsyncGenerator<Uint8Array> {
  raw.setTimeout(silenceMilliseconds, () => raw.destroy());
  try {
    for await (const chunk of raw.iterator({ destroyOnReturn: false }))
      if (chunk instanceof Uint8Array) yield chunk;
  } finally {
    raw.setTimeout(0);
  }
}

/** Length of the body, where the client says it. */
export function declaredLength({ headers }: FastifyRequest): number | undefined {
  const text = headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

/** @throws {DistributionError} SIZE_INVALID, with status 413, for a body that is longer. */
export async function readWhole(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const tooLong = () =>
    new DistributionError(413, "SIZE_INVALID", `a manifest has at most ${maxBytes} bytes`);
  if ((declaredLength(request) ?? 0) > maxBytes) throw tooLong();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(request)) {
    length += chunk.length;
    if (length > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Lets a sender whose body is not wanted read the answer: what it still sends goes nowhere, for a while. */
export function discardRest({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  const timer = setTimeout(() => raw.destroy(), lingerMilliseconds);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
  raw.resume();
}
