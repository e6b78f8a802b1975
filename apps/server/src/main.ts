#!/usr/bin/env node
import { helpText, parseCommandLine } from "./command-line.ts";
import { runTokenCommand } from "./run-token-command.ts";
import { formatServerError, runServer } from "./run-server.ts";

const ending = new AbortController();
// The first signal drains; a second one finds no listener, and ends the process at once.
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => ending.abort(new Error(signal)));

try {
  const [command, ...rest] = process.argv.slice(2);
  if (command === "token") await runTokenCommand(rest, process);
  else await serve();
} catch (error) {
  process.stderr.write(`${formatServerError(error)}\n`);
  process.exitCode = 1;
}

async function serve(): Promise<void> {
  const { help, flags } = parseCommandLine(process.argv.slice(2));
  if (help) process.stdout.write(helpText());
  else await runServer(flags, process, ending.signal);
}
