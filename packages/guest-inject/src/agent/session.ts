import type { Duplex } from "node:stream";
import { GuestAgentError } from "../errors.ts";
import { createFrameDecoder, encodeFrame, FRAME, type Frame } from "./frames.ts";
import { decodeError, nonsense } from "./replies.ts";

/** What happens to a stream. */
export interface StreamHandler {
  /** A GuestAgentError that this throws ends the session: the guest talks nonsense. */
  frame(frame: Frame): void;
  /** The session has ended; nothing more comes. */
  lost(error: unknown): void;
}

/** One request of a session and what follows it. */
export interface AgentStream {
  send(type: number, ...payload: readonly Uint8Array[]): void;
  /** Sends input on channel 0; ends when the connection takes more. */
  sendData(bytes: Uint8Array): Promise<void>;
  /** Its last frame has come. */
  forget(): void;
  /** Gives it up: the guest is told, and what still comes is dropped. */
  close(): void;
}

/** An open session (init/agent-protocol.md): many streams over one connection. */
export interface AgentSession {
  /** Sends a request and hears its stream. */
  open(type: number, payload: Uint8Array, handler: StreamHandler): AgentStream;
  /** A signal for the main program. */
  signal(number: number): void;
  /** Ends the session and the connection. Programs that run in it get SIGHUP. */
  close(): Promise<void>;
}

const maxStream = 0xffff_ffff;

/**
 * Takes a connection over on which the opening has been answered; `first` are the bytes that came after it. What the guest sends is
 * bounded by the credit that it was given, so everything is read as it comes, and no stream holds another up. What is sent waits for
 * the connection as well as for the guest's credit, which may lie.
 */
export function startSession(connection: Duplex, first: Uint8Array): AgentSession {
  const handlers = new Map<number, StreamHandler>();
  const decode = createFrameDecoder();
  let ended: unknown;
  let awaitRoom: (() => void)[] = [];
  let last = 0;
  let highest = 0;

  const giveRoom = (): void => {
    const woken = awaitRoom;
    awaitRoom = [];
    for (const wake of woken) wake();
  };
  const end = (error: unknown): void => {
    if (ended !== undefined) return;
    ended = error;
    connection.destroy();
    const lost = [...handlers.values()];
    handlers.clear();
    for (const handler of lost) handler.lost(error);
    giveRoom();
  };
  const dispatch = (frame: Frame): void => {
    const handler = handlers.get(frame.stream);
    if (handler) handler.frame(frame);
    else if (frame.stream === 0 && frame.type === FRAME.error)
      throw decodeError(frame.payload, "the session");
    else if (frame.stream === 0 || frame.stream > highest)
      throw nonsense(`a frame of type ${frame.type} for a stream that nobody opened`, frame.payload);
  };
  const take = (chunk: Uint8Array): void => {
    try {
      for (const frame of decode(chunk)) if (ended === undefined) dispatch(frame);
    } catch (error) {
      end(error);
    }
  };
  const send = (type: number, stream: number, ...payload: readonly Uint8Array[]): void => {
    if (ended === undefined) connection.write(encodeFrame(type, stream, ...payload));
  };
  const nextNumber = (): number => {
    do last = (last % maxStream) + 1;
    while (handlers.has(last));
    highest = Math.max(highest, last);
    return last;
  };

  connection.on("data", take);
  connection.on("drain", giveRoom);
  connection.on("error", (cause) => end(lost("failed", cause)));
  connection.on("end", () => end(lost("was closed by the guest")));
  connection.on("close", () => end(lost("was closed by the guest")));
  take(first);
  // Its end may have come before anyone here listened.
  if (connection.destroyed || connection.readableEnded) end(lost("was closed by the guest"));
  connection.resume();

  return {
    open(type, payload, handler) {
      if (ended !== undefined) throw ended;
      const number = nextNumber();
      handlers.set(number, handler);
      send(type, number, payload);
      const isOpen = (): boolean => handlers.get(number) === handler;
      return {
        send: (frameType, ...frame) => isOpen() && send(frameType, number, ...frame),
        sendData: async (bytes) => {
          if (!isOpen()) return;
          send(FRAME.data, number, Buffer.of(0), bytes);
          if (connection.writableNeedDrain) await new Promise<void>((resolve) => awaitRoom.push(resolve));
        },
        forget: () => isOpen() && handlers.delete(number),
        close: () => {
          if (isOpen() && handlers.delete(number)) send(FRAME.close, number);
        },
      };
    },
    signal: (number) => send(FRAME.signal, 0, uint32(number)),
    async close() {
      if (connection.destroyed) return end(lost("was closed by this program"));
      const closed = new Promise<void>((resolve) => connection.once("close", () => resolve()));
      const byUs = lost("was closed by this program");
      connection.end(() => end(byUs));
      // A guest that does not read would keep us for ever.
      const patience = setTimeout(() => end(byUs), 1000);
      await closed;
      clearTimeout(patience);
    },
  };
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function lost(what: string, cause?: unknown): GuestAgentError {
  return new GuestAgentError(
    "GUEST_AGENT_LOST",
    `the connection to the guest's agent ${what}`,
    "connect again; the guest's console says whether it still runs",
    cause === undefined ? undefined : { cause },
  );
}
