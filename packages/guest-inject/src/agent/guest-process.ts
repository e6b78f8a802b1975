import { Writable, type Readable } from "node:stream";
import { GuestAgentError } from "../errors.ts";
import { FRAME, type Frame } from "./frames.ts";
import { createIncomingChannel, type IncomingChannel } from "./incoming-channel.ts";
import { createOutgoingChannel, type OutgoingChannel } from "./outgoing-channel.ts";
import { decodeError, decodeExited, decodeStarted, nonsense, type ProgramExit } from "./replies.ts";
import { encodeSize, signalNumber, type TerminalSize } from "./requests.ts";
import { uint32, type AgentSession, type AgentStream } from "./session.ts";

/** A program that runs in the guest. */
export interface GuestProcess {
  readonly pid: number;
  /** Undefined unless input was asked for, or a terminal. Its end is the program's end of input. */
  readonly stdin: Writable | undefined;
  /** Must be read, or destroyed, for the program to get on. */
  readonly stdout: Readable;
  /** Likewise. With a terminal it ends at once. */
  readonly stderr: Readable;
  /** Once both outputs have ended. Rejects with GUEST_AGENT_LOST if that is never known. */
  readonly exited: Promise<ProgramExit>;
  /** Sends a signal, by its number on Linux, to the program's process group. */
  signal(number: number): void;
  /** The terminal's new size. */
  resize(size: TerminalSize): void;
  /** Gives the program up: it gets SIGHUP. */
  close(): void;
}

export interface StartOptions {
  /** What is asked, for messages. */
  readonly what: string;
  readonly hasStdin: boolean;
  readonly hasTerminal: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Sends an `exec` and waits for the program's start. */
export async function startProcess(
  session: AgentSession,
  payload: Uint8Array,
  { what, hasStdin, hasTerminal, signal }: StartOptions,
): Promise<GuestProcess> {
  signal?.throwIfAborted();
  const started = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<ProgramExit>();
  exited.promise.catch(() => undefined); // nobody need ask for it

  const outputs: IncomingChannel[] = [1, 2].map((channel) =>
    createIncomingChannel((bytes) => stream.send(FRAME.credit, Buffer.of(channel), uint32(bytes))),
  );
  const [stdout, stderr] = outputs;
  if (!stdout || !stderr) throw new Error("unreachable");
  const input = createOutgoingChannel((bytes) => stream.sendData(bytes));
  const stdin = hasStdin || hasTerminal ? inputStream(input, () => stream) : undefined;

  const settle = (error: unknown): void => {
    input.stop();
    stdin?.destroy();
    started.reject(error);
    exited.reject(error);
    for (const output of outputs) output.fail(error);
    signal?.removeEventListener("abort", abort);
  };
  const giveUp = (error: unknown): void => {
    stream.close();
    settle(error);
  };
  const abort = (): void => giveUp(signal?.reason);
  let hasStarted = false;
  const frame = ({ type, payload: bytes }: Frame): void => {
    const channel = bytes[0] ?? -1;
    if (type === FRAME.started && !hasStarted) {
      started.resolve(decodeStarted(bytes));
      hasStarted = true;
    } else if (type === FRAME.error) {
      const error = decodeError(bytes, what);
      stream.forget();
      settle(error);
    } else if (!hasStarted) {
      throw nonsense(`a frame of type ${type} before the start of ${what}`, bytes);
    } else if (type === FRAME.data && (channel === 1 || channel === 2)) {
      const output = channel === 1 ? stdout : stderr;
      if (bytes.length === 1) output.end();
      else output.push(bytes.subarray(1));
    } else if (type === FRAME.credit && channel === 0 && bytes.length === 5) {
      input.addCredit(bytes.readUInt32LE(1));
    } else if (type === FRAME.exited) {
      const exit = decodeExited(bytes);
      stream.forget();
      exited.resolve(exit);
      for (const output of outputs) output.end();
      input.stop();
      stdin?.destroy();
      signal?.removeEventListener("abort", abort);
    } else {
      throw nonsense(`a frame of type ${type} for ${what}`, bytes);
    }
  };

  const stream: AgentStream = session.open(FRAME.exec, payload, { frame, lost: settle });
  signal?.addEventListener("abort", abort, { once: true });
  return {
    pid: await started.promise,
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    exited: exited.promise,
    signal: (number) => stream.send(FRAME.signal, uint32(signalNumber(number))),
    resize(size) {
      if (!hasTerminal)
        throw new GuestAgentError(
          "GUEST_AGENT_REQUEST",
          `${what} has no terminal to be resized`,
          "ask for a terminal when it is started",
        );
      stream.send(FRAME.resize, encodeSize(size));
    },
    close: () =>
      giveUp(
        new GuestAgentError(
          "GUEST_AGENT_LOST",
          `${what} was given up by this program`,
          "await its exit first",
        ),
      ),
  };
}

function inputStream(input: OutgoingChannel, stream: () => AgentStream): Writable {
  let ended = false;
  const end = (): void => {
    if (!ended) stream().send(FRAME.data, Buffer.of(0));
    ended = true;
  };
  const writable = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      const sent = async (): Promise<void> => {
        await input.write(chunk);
        callback();
      };
      void sent();
    },
    final(callback) {
      end();
      callback();
    },
    destroy(error, callback) {
      input.stop();
      end();
      callback(error);
    },
  });
  writable.on("error", () => undefined);
  return writable;
}
