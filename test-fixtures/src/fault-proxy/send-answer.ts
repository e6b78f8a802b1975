import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { isBodyFault, type BodyFault, type ContentRangeLie, type ProxyFault } from "./proxy-fault.ts";

/** Of the connection between proxy and target (RFC 9110, 7.6.1), not of the answer. */
const hopByHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** Sends a target's answer on, with what is to go wrong with it. */
export async function sendAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  fault: ProxyFault | undefined,
): Promise<void> {
  if (fault?.kind === "lose-answer") {
    cut(response);
    return;
  }
  // The answer is read to its end in any case, so that its connection ends.
  if (fault?.kind === "withhold-answer") {
    answer.resume();
    return;
  }
  const body = isBodyFault(fault) ? fault : undefined;
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer.headers, fault));
  try {
    await pipeline(Readable.from(bodyWith(answer, body), { objectMode: false }), response, { end: false });
  } catch {
    // One of the two sides went away: so does the other.
    cut(response);
    return;
  }
  await endBody(response, answer, body);
}

/** Ends the client's connection at once. */
export function cut(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function answerHeaders(
  given: IncomingHttpHeaders,
  fault: ProxyFault | undefined,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  const length = Number(given["content-length"] ?? Number.NaN);
  const range = given["content-range"];
  if (fault?.kind === "truncate" && fault.contentLength === "absent") delete headers["content-length"];
  if (fault?.kind === "truncate" && fault.contentLength === "of-part")
    headers["content-length"] = String(Math.min(length, fault.afterBytes));
  if (fault?.kind === "wrong-digest") headers["docker-content-digest"] = `sha256:${"0".repeat(64)}`;
  if (fault?.kind === "content-range" && range !== undefined) {
    delete headers["content-range"];
    const lie = contentRangeLies[fault.lie](range);
    if (lie !== undefined) headers["content-range"] = lie;
  }
  return headers;
}

const contentRangeLies: Readonly<Record<ContentRangeLie, (range: string) => string | undefined>> = {
  absent: () => undefined,
  malformed: (range) => range.replace("bytes ", "bytes=").replace("/", "-"),
  shifted: (range) => range.replaceAll(/(\d+)-(\d+)/g, (_, first, last) => `${+first - 1}-${+last - 1}`),
  "wrong-total": (range) => range.replace(/\d+$/, (total) => String(+total + 1)),
};

async function* bodyWith(
  body: AsyncIterable<Uint8Array>,
  fault: BodyFault | undefined,
): AsyncGenerator<Uint8Array> {
  const end = fault && "afterBytes" in fault ? fault.afterBytes : Number.POSITIVE_INFINITY;
  let position = 0;
  for await (const chunk of body) {
    const start = position;
    position += chunk.length;
    const wanted = chunk.subarray(0, Math.max(0, end - start));
    if (fault?.kind === "corrupt") yield inverted(wanted, fault.atByte - start);
    else if (fault?.kind === "slow") yield* slowly(wanted, fault);
    else yield wanted;
  }
}

function inverted(chunk: Uint8Array, offset: number): Uint8Array {
  return chunk.map((byte, index) => (index === offset ? byte ^ 0xff : byte));
}

async function* slowly(
  chunk: Uint8Array,
  { chunkBytes, pauseMilliseconds }: Extract<BodyFault, { kind: "slow" }>,
): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < chunk.length; start += chunkBytes) {
    yield chunk.subarray(start, start + chunkBytes);
    await setTimeout(pauseMilliseconds);
  }
}

async function endBody(
  response: ServerResponse,
  { headers }: IncomingMessage,
  fault: BodyFault | undefined,
): Promise<void> {
  const isShorter = fault && "afterBytes" in fault && Number(headers["content-length"]) <= fault.afterBytes;
  const isLengthRight = fault?.kind === "truncate" && fault.contentLength !== "of-whole";
  if (fault === undefined || !("afterBytes" in fault) || isShorter || isLengthRight) {
    response.end();
    return;
  }
  response.flushHeaders();
  await flushed(response);
  if (fault.kind === "drop") cut(response);
  if (fault.kind === "truncate") response.socket?.end();
}

/** What was written is with the kernel; only then does breaking the connection not lose it. */
export async function flushed({ socket }: Pick<ClientRequest, "socket">): Promise<void> {
  // The message itself hands on what it has at the end of this turn.
  await setImmediate();
  await new Promise<void>((resolve) => {
    if (!socket || socket.destroyed) resolve();
    else socket.write("", () => resolve());
  });
}
