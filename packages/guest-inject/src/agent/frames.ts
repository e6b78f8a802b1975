import { GuestAgentError } from "../errors.ts";

/** A frame of the agent's protocol (init/agent-protocol.md, "Frames"); numbers are little-endian. */
export interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const FRAME = {
  status: 1,
  statusReply: 2,
  exec: 3,
  started: 4,
  data: 5,
  credit: 6,
  exited: 7,
  signal: 8,
  resize: 9,
  wait: 10,
  put: 11,
  get: 12,
  file: 13,
  done: 14,
  shutdown: 15,
  error: 16,
  close: 17,
} as const;

export const MAX_PAYLOAD = 65_536;
/** Bytes of a channel that may be sent before the first `credit`. */
export const FIRST_CREDIT = 262_144;
const headerSize = 12;

export function encodeFrame(type: number, stream: number, ...payload: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(headerSize);
  header.writeUInt32LE(
    payload.reduce((sum, part) => sum + part.length, 0),
    0,
  );
  header.writeUInt32LE(stream, 4);
  header.writeUInt8(type, 8);
  return Buffer.concat([header, ...payload]);
}

/**
 * Makes a decoder of one session's bytes: each call takes the next ones, however they were cut, and gives the frames that they
 * complete. It holds back at most one frame.
 *
 * The decoder throws {GuestAgentError} GUEST_AGENT_PROTOCOL for a header that breaks the rules; then it is of no more use.
 */
export function createFrameDecoder(): (chunk: Uint8Array) => Frame[] {
  let parts: Buffer[] = [];
  let held = 0;
  let needed = headerSize;
  return (chunk) => {
    parts.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    held += chunk.byteLength;
    if (held < needed) return [];
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, held);
    const frames: Frame[] = [];
    let start = 0;
    while (bytes.length - start >= headerSize) {
      const size = headerSize + payloadSize(bytes, start);
      if (bytes.length - start < size) break;
      frames.push({
        type: bytes.readUInt8(start + 8),
        stream: bytes.readUInt32LE(start + 4),
        payload: bytes.subarray(start + headerSize, start + size),
      });
      start += size;
    }
    const rest = bytes.subarray(start);
    parts = rest.length === 0 ? [] : [rest];
    held = rest.length;
    needed = rest.length < headerSize ? headerSize : headerSize + payloadSize(rest, 0);
    return frames;
  };
}

function payloadSize(bytes: Buffer, start: number): number {
  const size = bytes.readUInt32LE(start);
  if (size > MAX_PAYLOAD || bytes.readUIntLE(start + 9, 3) !== 0)
    throw new GuestAgentError(
      "GUEST_AGENT_PROTOCOL",
      `the guest sent a frame whose header is ${bytes.toString("hex", start, start + headerSize)}`,
      "check that the address leads to a bootlayer agent, of the same version as this program",
    );
  return size;
}
