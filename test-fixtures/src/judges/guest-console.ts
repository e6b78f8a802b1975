import type { Readable } from "node:stream";

/** What a guest prints, as text that grows. */
export interface GuestConsole {
  /**
   * Resolves when the text so far matches.
   *
   * @throws {Error} with all the text, if the guest ends before.
   */
  readonly until: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** All so far, with `\n` at the ends of lines and without escape sequences. */
  readonly text: () => string;
  /** Nothing more will come: whoever waits is told why. */
  readonly end: (cause: Error) => void;
}

// oxlint-disable-next-line no-control-regex
const ESCAPE_SEQUENCE = /\u001B\[[?;\d]*[a-zA-Z]/g;

/** The rest of it comes with the next chunk. */
// oxlint-disable-next-line no-control-regex
const CUT_SEQUENCE = /\u001B(\[[?;\d]*)?$/;

export function watchConsole(streams: readonly Readable[]): GuestConsole {
  let text = "";
  let failure: Error | undefined;
  const waiting = new Set<() => void>();
  function checkAll(): void {
    for (const check of waiting) check();
  }
  for (const stream of streams) {
    let cut = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      // Serial consoles end lines with CR LF; shells and systemd switch modes and colours by escape sequences.
      const arrived = cut + chunk;
      const cutAt = arrived.search(CUT_SEQUENCE);
      const whole = cutAt === -1 ? arrived : arrived.slice(0, cutAt);
      cut = arrived.slice(whole.length);
      text += whole.replaceAll("\r", "").replaceAll(ESCAPE_SEQUENCE, "");
      checkAll();
    });
  }

  async function until(pattern: RegExp): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      function check(): void {
        const match = pattern.exec(text);
        if (match === null && failure === undefined) return;
        waiting.delete(check);
        if (match !== null) resolve(match);
        else
          reject(
            new Error(`${failure?.message}, before ${pattern}; the console:\n${text}`, { cause: failure }),
          );
      }
      waiting.add(check);
      check();
    });
  }

  return {
    until,
    text: () => text,
    end: (cause) => {
      failure ??= cause;
      checkAll();
    },
  };
}
