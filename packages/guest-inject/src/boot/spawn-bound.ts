import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export type BoundProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const shell = "/bin/sh";

/** Becomes the program once a line has come; without one the caller has ended, and nothing is started. */
const gate = 'read -r line && exec "$@"';

/** The first line is the program's process id. An end of input before a second line is the end of the caller. */
const watch = 'trap "" HUP INT QUIT TERM; read -r pid && { read -r line || kill -KILL "$pid"; }';

/**
 * Starts a program that cannot outlive this process, even where that is killed: a shell beside it holds the other end of a pipe,
 * which the system closes with the process, and kills the program then. The shell knows the program before it runs, so there is no
 * moment at which it could be left behind. A program that cannot be executed ends with 126 or 127, as in any shell.
 *
 * Linux alone could do it by prctl(PR_SET_PDEATHSIG), which Node cannot call; QEMU has no option for it before version 10.2.
 */
export function spawnBound(command: readonly string[]): BoundProcess {
  const watcher = spawn(shell, ["-c", watch], { stdio: ["pipe", "ignore", "ignore"] });
  const program = spawn(shell, ["-c", gate, shell, ...command], { stdio: ["pipe", "pipe", "pipe"] });
  // Nobody watches, so nothing may run.
  const refuse = (): boolean => program.kill("SIGKILL");
  watcher.once("error", refuse);
  watcher.stdin.once("error", refuse);
  program.once("error", () => watcher.stdin.end());
  program.once("exit", () => watcher.stdin.end("ended\n"));
  if (program.pid !== undefined) {
    watcher.stdin.write(`${program.pid}\n`);
    program.stdin.write("\n");
  }
  return program;
}
