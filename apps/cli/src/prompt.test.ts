import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { CliProcess } from "./context.ts";
import { promptLine, readSecret } from "./prompt.ts";

/** A terminal on which `keys` are typed. */
function terminal(keys?: string) {
  const modes: boolean[] = [];
  let shown = "";
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  const stream = { write: (text: string | Uint8Array) => void (shown += String(text)) };
  const process: CliProcess = { env: {}, stdin, stdout: stream, stderr: stream };
  const controller = new AbortController();
  if (keys !== undefined) stdin.write(keys);
  return { context: { process, signal: controller.signal }, controller, modes, stdin, shown: () => shown };
}

describe("a line that is asked for on a terminal", () => {
  test("is shown while it is typed, unless it is hidden", async () => {
    for (const [isHidden, shown] of [
      [false, "Who? me\n"],
      [true, "Who? \n"],
    ] as const) {
      const typed = terminal("me\r");
      expect(await promptLine(typed.context, "Who? ", isHidden)).toBe("me");
      expect(typed.shown()).toBe(shown);
      expect(typed.modes).toEqual([true, false]);
    }
  });

  test("can be mended by backspace, in characters of any length", async () => {
    expect(await promptLine(terminal("aé\x7f\x7f\x7fbü\x7fc\n").context, "", true)).toBe("bc");
  });

  test.each([
    ["Ctrl-C", "secret\x03"],
    ["Ctrl-D", "\x04"],
  ])("is given up with %s, and the terminal is as before", async (_, keys) => {
    const typed = terminal(keys);
    await expect(promptLine(typed.context, "", true)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(typed.modes).toEqual([true, false]);
  });

  test("is given up when the command is stopped", async () => {
    const typed = terminal();
    const line = promptLine(typed.context, "", true);
    typed.controller.abort();
    await expect(line).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

test.each([
  ["a b", "a b"],
  ["a\n", "a"],
  ["a\r\n", "a"],
  ["a\n\n", "a\n"],
  ["", ""],
])("a password on standard input is all of it but one line break at its end: %j", async (input, secret) => {
  const { context, stdin } = terminal();
  stdin.end(input);
  expect(await readSecret(context)).toBe(secret);
});
