import { randomBytes } from "node:crypto";

const magic = "BLAGENT1";

/** What a client sends first, and the agent answers with (init/agent-protocol.md, "Opening"): 24 bytes that nobody sent before. */
export function createOpening(): Buffer {
  return Buffer.concat([Buffer.from(magic), randomBytes(16)]);
}

/** Fills up a frame of the host before, which the agent may still await the rest of, and breaks the rules of any. */
export const RESYNCHRONISATION: Buffer = Buffer.alloc(65_548, 0xff);

/**
 * Looks for an answer in what is read: each call takes the next bytes, and gives those that follow the opening as soon as it has
 * been seen. What comes before it was for somebody else. It holds back less than one opening.
 */
export function createOpeningFinder(opening: Buffer): (chunk: Uint8Array) => Buffer | undefined {
  let tail = Buffer.alloc(0);
  return (chunk) => {
    const bytes = Buffer.concat([tail, chunk]);
    const at = bytes.indexOf(opening);
    if (at >= 0) return bytes.subarray(at + opening.length);
    tail = bytes.subarray(Math.max(0, bytes.length - opening.length + 1));
    return undefined;
  };
}
