import { FRAME } from "./frames.ts";
import { decodeError, nonsense } from "./replies.ts";
import type { AgentSession } from "./session.ts";

/** A request with one answer. */
export interface Question<Answer> {
  readonly type: number;
  readonly payload?: Uint8Array;
  /** The type of the answer. */
  readonly answer: number;
  /** Reads the answer's payload. A GuestAgentError that it throws ends the session. */
  readonly decode: (payload: Buffer) => Answer;
  /** What is asked, for messages. */
  readonly what: string;
  /** The answer is confirmed by `close`. */
  readonly confirms?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks, and waits for the answer.
 *
 * @throws {GuestAgentError} GUEST_AGENT_REFUSED, GUEST_AGENT_LOST, GUEST_AGENT_PROTOCOL
 */
export async function ask<Answer>(session: AgentSession, question: Question<Answer>): Promise<Answer> {
  const { signal, what } = question;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const stream = session.open(question.type, question.payload ?? new Uint8Array(), {
    frame({ type, payload }) {
      if (type === FRAME.error) {
        const error = decodeError(payload, what);
        stream.forget();
        reject(error);
      } else if (type === question.answer) {
        const answer = question.decode(payload);
        if (question.confirms) stream.close();
        else stream.forget();
        resolve(answer);
      } else {
        throw nonsense(`a frame of type ${type} for ${what}`, payload);
      }
    },
    lost: reject,
  });
  const abort = (): void => {
    stream.close();
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
