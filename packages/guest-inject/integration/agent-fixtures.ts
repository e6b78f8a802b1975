import { duplexPair, type Duplex, type Readable } from "node:stream";
import { BootlayerError } from "@bootlayer/errors";
import { GuestAgentError } from "../src/errors.ts";

/** A frame as init/agent-protocol.md has it, put together apart from the client's own code. */
export function frame(type: number, stream: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(12);
  header.writeUInt32LE(bytes.length, 0);
  header.writeUInt32LE(stream, 4);
  header[8] = type;
  return Buffer.concat([header, bytes]);
}

export function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

/** The records of an answer to `status`. */
export const STATUS = "agent 0.1.0\nprotocol 1\nstate unmanaged\nuptime 5000\nhostname guest\nkernel 6.1.0\n";

export interface HostFrame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The guest's side of a connection, played by a test. */
export interface FakeAgent {
  /** The host's side. */
  readonly connection: Duplex;
  /** What the host sends next. */
  frame(): Promise<HostFrame>;
  /** The next bytes that the host sends. */
  bytes(size: number): Promise<Buffer>;
  send(...bytes: readonly Uint8Array[]): void;
  /** The opening is answered, and the first `status`. */
  open(status?: string): Promise<void>;
  end(): void;
}

export function fakeAgent(): FakeAgent {
  const [connection, guest] = duplexPair();
  guest.on("error", () => undefined);
  const bytes = (size: number): Promise<Buffer> => readExactly(guest, size);
  const next = async (): Promise<HostFrame> => {
    const header = await bytes(12);
    const payload = await bytes(header.readUInt32LE(0));
    return { type: header.readUInt8(8), stream: header.readUInt32LE(4), payload };
  };
  return {
    connection,
    frame: next,
    bytes,
    send: (...parts) => guest.write(Buffer.concat(parts)),
    async open(status = STATUS) {
      guest.write(await bytes(24));
      const { type, stream } = await next();
      if (type !== 1) throw new Error(`the host asked ${type} first, not for a status`);
      guest.write(frame(2, stream, status));
    },
    end: () => guest.end(),
  };
}

async function readExactly(stream: Readable, size: number): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes: Uint8Array | null = stream.read(size);
    if (bytes?.length === size) return Buffer.from(bytes);
    if (stream.readableEnded || bytes !== null) throw new Error("the host has closed");
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        stream.off("readable", wake).off("end", wake).off("close", wake);
        resolve();
      };
      stream.on("readable", wake).on("end", wake).on("close", wake);
    });
  }
}

/** Bytes in pieces, cut where the numbers say (each is taken modulo what is left). */
export function cut(bytes: Uint8Array, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let rest = Buffer.from(bytes);
  for (const number of cuts) {
    const size = rest.length === 0 ? 0 : (number % rest.length) + 1;
    pieces.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return [...pieces, rest].filter((piece) => piece.length > 0);
}

export async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** The code of what is thrown; another error is passed on. */
export function codeThrownBy(call: () => unknown): string {
  try {
    call();
    return "none";
  } catch (error) {
    if (error instanceof BootlayerError) return error.code;
    throw error;
  }
}

/** The code of what is thrown, and the guest's reason. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (error instanceof GuestAgentError && error.refusal !== undefined)
      return `${error.code} ${error.refusal}`;
    if (error instanceof BootlayerError) return error.code;
    throw error;
  }
}
