import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { GuestAgent } from "../src/agent/guest-agent.ts";
import type { GuestProcess } from "../src/agent/guest-process.ts";
import type { ExecRequest } from "../src/agent/requests.ts";
import { readAll } from "./agent-fixtures.ts";

/** What a program did up to its end. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
  readonly signal: number | undefined;
}

export async function textOf(stream: Readable): Promise<string> {
  return (await readAll(stream)).toString("utf8");
}

export async function endOf(program: GuestProcess): Promise<Ran> {
  const [out, err, { code, signal }] = await Promise.all([
    textOf(program.stdout),
    textOf(program.stderr),
    program.exited,
  ]);
  return { out, err, code, signal };
}

export async function exec(agent: GuestAgent, request: ExecRequest, input?: string): Promise<Ran> {
  const program = await agent.exec(request);
  if (input !== undefined) program.stdin?.end(input);
  return await endOf(program);
}

export function shell(script: string, ...words: readonly string[]): { readonly argv: readonly string[] } {
  return { argv: ["/bin/sh", "-c", script, "sh", ...words] };
}

/** Ends when the output so far matches. */
export async function until(stream: Readable, pattern: RegExp): Promise<string> {
  let text = "";
  return await new Promise((resolve, reject) => {
    stream.on("data", (chunk: Uint8Array) => {
      text += Buffer.from(chunk).toString("utf8");
      if (pattern.test(text)) resolve(text);
    });
    stream.on("end", () => reject(new Error(`it ended with ${JSON.stringify(text)}`)));
  });
}

/** Looks again until it is so. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

export async function* zeros(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 1e6) yield new Uint8Array(Math.min(left, 1e6));
}
