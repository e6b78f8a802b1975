/** What the init says on the console (init/init-conf.md, "Marks on the console"). */
export type ConsoleMark = Readonly<
  /** The program is executed, so many seconds after the kernel started. */
  | { kind: "start"; seconds: number }
  | { kind: "agent"; transport: string; address: string }
  /** `signal` is the number of the one that ended the program; `outOfMemory`: the kernel's memory killer sent it. */
  | { kind: "exit"; code: number; signal: number | undefined; outOfMemory: boolean }
  | { kind: "failed"; reason: string }
  | { kind: "warning"; text: string }
>;

const prefix = "bootlayer: ";

/**
 * Reads a line of the console; undefined for every line that is not exactly a mark. Anything in the guest can write such lines:
 * they are a report, not a proof.
 */
export function parseConsoleMark(line: string): ConsoleMark | undefined {
  if (!line.startsWith(prefix)) return undefined;
  const [word = "", ...fields] = line.slice(prefix.length).split(" ");
  const text = fields.join(" ");
  switch (word) {
    case "start": {
      const seconds = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
      return seconds === undefined ? undefined : { kind: "start", seconds };
    }
    case "agent": {
      const [transport, address] = fields;
      if (!transport || !address || fields.length !== 2) return undefined;
      return { kind: "agent", transport, address };
    }
    case "exit":
      return parseExit(text);
    case "failed":
      return text === "" ? undefined : { kind: "failed", reason: text };
    case "warning":
      return text === "" ? undefined : { kind: "warning", text };
    default:
      return undefined;
  }
}

function parseExit(text: string): ConsoleMark | undefined {
  const [, code, signal, oom] = /^(\d{1,3})(?: signal (\d{1,3})( oom)?)?$/.exec(text) ?? [];
  if (code === undefined || Number(code) > 255) return undefined;
  return {
    kind: "exit",
    code: Number(code),
    signal: signal === undefined ? undefined : Number(signal),
    outOfMemory: oom !== undefined,
  };
}
