import { Readable } from "node:stream";
import { GuestAgentError } from "../errors.ts";
import { FRAME } from "./frames.ts";
import { showText, type GuestText } from "./guest-text.ts";
import { createIncomingChannel } from "./incoming-channel.ts";
import { createOutgoingChannel } from "./outgoing-channel.ts";
import { decodeDone, decodeError, decodeFile, nonsense, type FileAttributes } from "./replies.ts";
import { encodeGet, encodePut, type PutOptions } from "./requests.ts";
import { uint32, type AgentSession, type AgentStream } from "./session.ts";

/** A regular file of the guest. */
export interface GuestFile extends FileAttributes {
  /** Its bytes. Whoever does not want them all destroys it. */
  readonly content: Readable;
}

/** Asks for a file. The answer is there with its attributes, before its content. */
export async function getFile(
  session: AgentSession,
  path: GuestText,
  signal: AbortSignal | undefined,
): Promise<GuestFile> {
  const what = `get ${JSON.stringify(showText(path))}`;
  const payload = encodeGet(path);
  signal?.throwIfAborted();
  const attributes = Promise.withResolvers<FileAttributes>();
  const content = createIncomingChannel((bytes) => stream.send(FRAME.credit, Buffer.of(1), uint32(bytes)));
  const settle = (error: unknown): void => {
    attributes.reject(error);
    content.fail(error);
  };
  let hasBegun = false;
  const stream: AgentStream = session.open(FRAME.get, payload, {
    frame({ type, payload: bytes }) {
      if (type === FRAME.file && !hasBegun) {
        attributes.resolve(decodeFile(bytes));
        hasBegun = true;
      } else if (type === FRAME.error) {
        const error = decodeError(bytes, what);
        stream.forget();
        settle(error);
      } else if (!hasBegun) {
        throw nonsense(`a frame of type ${type} before the file of ${what}`, bytes);
      } else if (type === FRAME.data && bytes[0] === 1) {
        if (bytes.length > 1) content.push(bytes.subarray(1));
      } else if (type === FRAME.done) {
        decodeDone(bytes);
        stream.forget();
        content.end();
      } else {
        throw nonsense(`a frame of type ${type} for ${what}`, bytes);
      }
    },
    lost: settle,
  });
  const abort = (): void => settle(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  content.stream.once("close", () => {
    stream.close();
    signal?.removeEventListener("abort", abort);
  });
  return { ...(await attributes.promise), content: content.stream };
}

/** Sends a file; ends when it is in place and on the guest's disk. */
export async function putFile(
  session: AgentSession,
  path: GuestText,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<void> {
  const what = `put ${JSON.stringify(showText(path))}`;
  const size = content instanceof Uint8Array ? content.length : options.size;
  if (size === undefined) throw wrongSize(`${what} has content of unknown size`);
  if (options.size !== undefined && options.size !== size)
    throw wrongSize(`${what} has ${size} bytes of content, not ${options.size}`);
  const payload = encodePut(path, size, options);
  options.signal?.throwIfAborted();

  const done = Promise.withResolvers<void>();
  done.promise.catch(() => undefined); // it is awaited after the content has been sent
  const source = Readable.from(content instanceof Uint8Array ? [content] : content);
  const output = createOutgoingChannel((bytes) => stream.sendData(bytes));
  const settle = (error: unknown): void => {
    output.stop();
    done.reject(error);
    // A source that has nothing for now must not hold the error back.
    source.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  let isSent = false;
  const stream: AgentStream = session.open(FRAME.put, payload, {
    frame({ type, payload: bytes }) {
      if (type === FRAME.credit && bytes.length === 5 && bytes[0] === 0) {
        output.addCredit(bytes.readUInt32LE(1));
      } else if (type === FRAME.error) {
        const error = decodeError(bytes, what);
        stream.forget();
        settle(error);
      } else if (type === FRAME.done && isSent) {
        decodeDone(bytes);
        stream.forget();
        done.resolve();
      } else {
        throw nonsense(`a frame of type ${type} for ${what}`, bytes);
      }
    },
    lost: settle,
  });
  const abort = (): void => settle(options.signal?.reason);
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    let sent = 0;
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      sent += chunk.length;
      if (sent > size) throw wrongSize(`${what} has more than ${size} bytes of content`);
      // Stopped: the reason is the answer.
      if (!(await output.write(chunk))) return await done.promise;
    }
    if (sent < size) throw wrongSize(`${what} has ${sent} bytes of content, not ${size}`);
    isSent = true;
    stream.send(FRAME.data, Buffer.of(0));
    await done.promise;
  } finally {
    stream.close();
    options.signal?.removeEventListener("abort", abort);
  }
}

function wrongSize(what: string): GuestAgentError {
  return new GuestAgentError("GUEST_AGENT_REQUEST", what, "say the size in bytes, exactly");
}
