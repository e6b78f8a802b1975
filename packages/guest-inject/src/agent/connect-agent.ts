import { setTimeout as sleep } from "node:timers/promises";
import { GuestAgentError } from "../errors.ts";
import { checkAgentAddress, formatAgentAddress, parseAgentAddress, type AgentAddress } from "./address.ts";
import { dial } from "./dial.ts";
import { openAgentSession, type GuestAgent } from "./guest-agent.ts";

export interface ConnectOptions {
  /** Ends the attempts; not the session that came of them. */
  readonly signal?: AbortSignal;
  /** How long to try, from the first attempt; default 10,000. A guest that boots answers when it gets there. */
  readonly timeoutMilliseconds?: number;
}

const pause = 250;
/** Timers take no more. */
const maxTimeout = 2 ** 31 - 1;

/**
 * Connects to a guest's agent, and tries again while nobody answers.
 *
 * @param address - an address, or the text of one (see `parseAgentAddress`).
 * @throws {GuestAgentError} GUEST_AGENT_ADDRESS for what is none; GUEST_AGENT_REQUEST for a time that is none; GUEST_AGENT_UNREACHABLE when the time is over;
 *   GUEST_AGENT_PROTOCOL, GUEST_AGENT_REFUSED at once. The reason of `signal`.
 */
export async function connectAgent(
  address: AgentAddress | string,
  options: ConnectOptions = {},
): Promise<GuestAgent> {
  const target = typeof address === "string" ? parseAgentAddress(address) : checkAgentAddress(address);
  const { signal, timeoutMilliseconds = 10_000 } = options;
  if (!Number.isInteger(timeoutMilliseconds) || timeoutMilliseconds < 0 || timeoutMilliseconds > maxTimeout)
    throw new GuestAgentError(
      "GUEST_AGENT_REQUEST",
      `${timeoutMilliseconds} ms are no time to try for`,
      `give a whole number from 0 to ${maxTimeout}`,
    );
  const timeout = AbortSignal.timeout(timeoutMilliseconds);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  let attempts = 0;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    if (timeout.aborted) throw unreachable(target, timeoutMilliseconds, attempts, last);
    attempts++;
    try {
      const connection = await dial(target, either);
      return await openAgentSession(connection, { signal: either, isSerial: target.kind === "unix" });
    } catch (error) {
      if (error instanceof GuestAgentError && error.code !== "GUEST_AGENT_LOST") throw error;
      // The end of the time is no reason of its own.
      if (!timeout.aborted || last === undefined) last = error;
    }
    await sleep(pause, undefined, { signal: either }).catch(() => undefined);
  }
}

function unreachable(
  address: AgentAddress,
  milliseconds: number,
  attempts: number,
  cause: unknown,
): GuestAgentError {
  const tried = `${attempts} ${attempts === 1 ? "attempt" : "attempts"} in ${milliseconds / 1000} s`;
  return new GuestAgentError(
    "GUEST_AGENT_UNREACHABLE",
    `no agent answers at ${formatAgentAddress(address)}: ${tried}, the last: ${reasonOf(cause)}`,
    "check that the guest runs, that its configuration asks for the agent, and that the address is right",
    { cause },
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error) || error.name === "TimeoutError") return "connected, but no answer came";
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
