import { pipeline } from "node:stream/promises";
import { connectAgent, type ExecRequest, type GuestProcess } from "@bootlayer/image-builder";
import type { CliContext, TextStream } from "../context.ts";
import { rawInput } from "../raw-input.ts";

export interface ExecFlags {
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: readonly (readonly [name: string, value: string])[];
  readonly timeout: number;
}

export async function exec(
  this: CliContext,
  flags: ExecFlags,
  ...[address = "", ...argv]: string[]
): Promise<void> {
  const { signal } = this;
  try {
    await using agent = await connectAgent(address, { signal, timeoutMilliseconds: flags.timeout * 1000 });
    const request = requestOf(flags, argv, this.process.stdout);
    const running = await agent.exec(request, { signal });
    await attach(this, flags, running);
    this.endWith((await running.exited).code);
  } catch (error) {
    // Ended by a person: the exit code says so.
    if (!signal.aborted) throw error;
  }
}

function requestOf(flags: ExecFlags, argv: readonly string[], { rows, columns }: TextStream): ExecRequest {
  return {
    argv,
    stdin: flags.interactive,
    ...(flags.env && { env: Object.fromEntries(flags.env) }),
    ...(flags.user !== undefined && { user: flags.user }),
    ...(flags.workdir !== undefined && { cwd: flags.workdir }),
    ...(flags.tty && { terminal: { rows: rows || 24, columns: columns || 80 } }),
  };
}

/** Joins a program's streams to this process's, until both outputs have ended. */
async function attach({ process }: CliContext, flags: ExecFlags, running: GuestProcess): Promise<void> {
  const { stdin, stdout, stderr } = process;
  const resize = (): void => running.resize({ rows: stdout.rows || 24, columns: stdout.columns || 80 });
  if (flags.tty) stdout.on?.("resize", resize);
  const input = flags.interactive && flags.tty ? rawInput(stdin) : undefined;
  try {
    if (flags.interactive && running.stdin)
      // A program that ends before its input does is no failure.
      void pipeline(input?.stream ?? stdin, running.stdin).catch(() => undefined);
    void input?.quit.then(() => running.close());
    await Promise.all([copy(running.stdout, stdout), copy(running.stderr, stderr)]);
  } finally {
    input?.restore();
    stdout.off?.("resize", resize);
    if (flags.interactive) stdin.destroy();
  }
}

async function copy(from: AsyncIterable<Uint8Array>, to: TextStream): Promise<void> {
  for await (const chunk of from) await new Promise<void>((resolve) => to.write(chunk, resolve));
}
