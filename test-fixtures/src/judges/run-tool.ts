import { execa } from "execa";
import { judgePath } from "../require-judge.ts";

export interface ToolOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program in the C locale and UTC and returns its standard output.
 *
 * @throws {Error} with all that it printed, if it does not end with 0.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  const { stdout } = await execa(program, args, {
    ...options,
    env: { PATH: judgePath(), LC_ALL: "C", TZ: "UTC", ...options.env },
    maxBuffer: 2 ** 30,
    stripFinalNewline: false,
  });
  return stdout;
}
