import { BuilderError } from "@bootlayer/image-builder";
import type { CliContext } from "./context.ts";

const maxLength = 64 * 1024;
const [enter, newline, interrupt, endOfInput, backspace, erase] = ["\r", "\n", "\x03", "\x04", "\x7f", "\b"];

/**
 * Asks for one line on a terminal. A hidden one is not shown while it is typed: the terminal is in raw mode, in which
 * nothing is echoed but what is written here.
 *
 * @throws {BuilderError} CANCELLED for Ctrl-C, for the end of input, and when the context's signal is aborted.
 */
export async function promptLine(
  { process: { stdin, stderr }, signal }: Pick<CliContext, "process" | "signal">,
  question: string,
  isHidden: boolean,
): Promise<string> {
  stderr.write(question);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let line = "";
  const cancel = () => reject(new BuilderError("CANCELLED", "cancelled", "nothing was changed"));
  const onData = (chunk: Buffer) => {
    for (const character of decoder.decode(chunk, { stream: true })) {
      if (character === enter || character === newline) return resolve(line);
      if (character === interrupt || character === endOfInput) return cancel();
      if (character === backspace || character === erase) {
        if (line !== "" && !isHidden) stderr.write("\b \b");
        line = Array.from(line).slice(0, -1).join("");
      } else if (line.length < maxLength) {
        line += character;
        if (!isHidden) stderr.write(character);
      }
    }
  };
  stdin.setRawMode?.(true);
  stdin.on("data", onData).on("end", cancel);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", cancel);
    stdin.off("data", onData).off("end", cancel);
    stdin.setRawMode?.(false);
    stdin.pause();
    stderr.write("\n");
  }
}

/** All of standard input, without the line break that `echo` leaves at its end. */
export async function readSecret({ process: { stdin } }: Pick<CliContext, "process">): Promise<string> {
  let text = "";
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > maxLength)
      throw new BuilderError("OPTIONS_INVALID", "the password is too long", "at most 64 KiB are read");
  }
  return text.replace(/\r?\n$/, "");
}
