import type { Duplex } from "node:stream";
import { bytesOf } from "@bootlayer/rootfs-tree";
import { GuestAgentError } from "../errors.ts";
import { ask } from "./ask.ts";
import { FRAME } from "./frames.ts";
import { getFile, putFile, type GuestFile } from "./guest-file.ts";
import { startProcess, type GuestProcess } from "./guest-process.ts";
import { showText, type GuestText } from "./guest-text.ts";
import { findUser } from "./guest-user.ts";
import { answerTo } from "./open-connection.ts";
import { decodeDone, decodeExited, decodeStatus, type GuestStatus, type ProgramExit } from "./replies.ts";
import { encodeExec, signalNumber, type ExecRequest, type PutOptions } from "./requests.ts";
import { startSession, type AgentSession } from "./session.ts";

/** An abort gives up the one call; the session goes on. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The agent in a guest. All calls may run at the same time, up to 64. They throw {GuestAgentError}: GUEST_AGENT_REQUEST for what
 * cannot be asked, GUEST_AGENT_REFUSED for the guest's own refusal (its reason is `refusal`), GUEST_AGENT_LOST when the connection
 * ends, GUEST_AGENT_PROTOCOL when the guest talks nonsense, which ends the connection.
 */
export interface GuestAgent extends AsyncDisposable {
  status(options?: CallOptions): Promise<GuestStatus>;
  /** Starts a program. An abort, also later, gives it SIGHUP. Throws GUEST_USER, GUEST_GROUP for names that the guest does not know. */
  exec(request: ExecRequest, options?: CallOptions): Promise<GuestProcess>;
  /** The end of the guest's main program, however long it takes; at once if it has ended. */
  wait(options?: CallOptions): Promise<ProgramExit>;
  /** Sends a signal, by its number on Linux, to the main program's process group. */
  signal(number: number): Promise<void>;
  /** Writes a file, aside and renamed into place: it is there whole, on the disk, or not at all. */
  put(path: GuestText, content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void>;
  /** Reads a regular file; an abort, also later, ends its content. */
  get(path: GuestText, options?: CallOptions): Promise<GuestFile>;
  /** Stops the main program, then the machine. Ends when the guest has agreed. */
  shutdown(kind: "power-off" | "reboot", options?: CallOptions): Promise<void>;
  /** Ends the session: programs that run in it get SIGHUP. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Ends the attempt. */
  readonly signal?: AbortSignal;
  /** The stream is a serial port, on which another host's session may have been cut off in the middle of a frame. */
  readonly isSerial?: boolean;
}

/**
 * Opens a session over any stream of bytes that leads to an agent, and owns that stream from then on: it is destroyed if this fails.
 *
 * @throws {GuestAgentError} GUEST_AGENT_LOST, GUEST_AGENT_PROTOCOL, GUEST_AGENT_REFUSED
 */
export async function openAgentSession(connection: Duplex, options: OpenOptions = {}): Promise<GuestAgent> {
  const { signal, isSerial = false } = options;
  try {
    const first = await answerTo(connection, isSerial, signal);
    const session = startSession(connection, first);
    // The agent's word that it speaks this version, or that it has too many sessions.
    await status(session, { signal });
    return agentOf(session);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function agentOf(session: AgentSession): GuestAgent {
  return {
    status: (options) => status(session, { signal: options?.signal }),
    exec: (request, options) => exec(session, request, options?.signal),
    async wait(options) {
      const { wait: type, exited: answer } = FRAME;
      const signal = options?.signal;
      const decode = decodeExited;
      return await ask(session, { type, answer, decode, what: "wait", confirms: true, signal });
    },
    async signal(number) {
      const checked = signalNumber(number);
      const { program } = await status(session, {});
      if (program.state !== "running") throw noMainProgram(program.state);
      session.signal(checked);
    },
    put: (path, content, options = {}) => putFile(session, path, content, options),
    get: (path, options) => getFile(session, path, options?.signal),
    async shutdown(kind, options) {
      const payload = Buffer.of(kind === "reboot" ? 1 : 0);
      const { shutdown: type, done: answer } = FRAME;
      await ask(session, {
        type,
        payload,
        answer,
        decode: decodeDone,
        what: "shutdown",
        signal: options?.signal,
      });
    },
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

async function status(
  session: AgentSession,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<GuestStatus> {
  const { status: type, statusReply: answer } = FRAME;
  return await ask(session, { type, answer, decode: decodeStatus, what: "status", signal });
}

async function exec(
  session: AgentSession,
  request: ExecRequest,
  signal: AbortSignal | undefined,
): Promise<GuestProcess> {
  const { user } = request;
  const named = typeof user === "string" ? await findUser(session, user, signal) : undefined;
  const full: ExecRequest = named
    ? { ...request, env: { HOME: bytesOf(named.home), ...request.env } }
    : request;
  const identity = typeof user === "string" ? named : user;
  return startProcess(session, encodeExec(full, identity), {
    what: `exec ${JSON.stringify(showText(request.argv[0] ?? ""))}`,
    hasStdin: request.stdin === true,
    hasTerminal: request.terminal !== undefined,
    signal,
  });
}

function noMainProgram(state: string): GuestAgentError {
  return new GuestAgentError(
    "GUEST_AGENT_REFUSED",
    `the guest's main program cannot be sent a signal: it is ${state}`,
    "send signals while the guest's own init runs it, or to programs of exec",
    { refusal: "unsupported" },
  );
}
