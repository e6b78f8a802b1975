import { lstat, rm } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { GuestError } from "../errors.ts";
import type { Accelerator, BootEvent, BootOptions, BootOutcome } from "./boot-options.ts";
import { guestConsole, shownText, type GuestConsole } from "./guest-console.ts";
import { markReport, type MarkReport } from "./mark-report.ts";
import { spawnBound, type BoundProcess } from "./spawn-bound.ts";
import { watchSilence } from "./watch-silence.ts";

export interface QemuProcess extends Pick<BootOptions, "timeoutSeconds" | "input" | "signal" | "onEvent"> {
  /** The program's path and its arguments. */
  readonly command: readonly string[];
  readonly accelerator: Accelerator;
  /** When the boot began, by `performance.now()`: `timeoutSeconds` counts from there. */
  readonly began: number;
  /** Seconds of silence after which the accelerator is given up; undefined: never. */
  readonly patience: number | undefined;
  /** What QEMU makes and a kill would leave. */
  readonly sockets: readonly string[];
}

export type QemuRun = Readonly<
  | { kind: "ended"; outcome: BootOutcome }
  /** Before a byte came over the console; only with `patience`. */
  | { kind: "unusable"; reason: string }
>;

/** A kernel that panics reboots at once (panic=-1), which ends QEMU; one that was told otherwise is ended after this. */
const stoppedMilliseconds = 3000;
const maxErrorBytes = 65_536;
/** Timers take no more: 24 days. */
const maxMilliseconds = 2 ** 31 - 1;

/** Why QEMU was killed, if it was. */
type Verdict = "aborted" | "timeout" | "stopped" | "listener" | { readonly hung: string };
type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Runs QEMU once, to its end or until it is killed for one of the reasons above. */
export async function runQemu(run: QemuProcess): Promise<QemuRun> {
  const qemu = spawnBound(run.command);
  const console = guestConsole();
  const report = markReport(performance.now());
  let verdict: Verdict | undefined;
  let stopping: NodeJS.Timeout | undefined;
  let thrown: unknown;

  function end(reason: Verdict): void {
    verdict ??= reason;
    qemu.kill("SIGKILL");
  }

  /** What a listener throws ends the guest, and is thrown when it is gone. */
  function emit(event: BootEvent): void {
    if (verdict === "listener") return;
    try {
      run.onEvent?.(event);
    } catch (error) {
      thrown = error;
      end("listener");
    }
  }

  qemu.stdout.on("data", (bytes: Buffer) => {
    const marks = console.take(bytes);
    emit({ kind: "boot-console", bytes });
    for (const mark of marks) {
      report.take(mark);
      emit({ kind: "boot-mark", mark });
    }
    if (console.isStopped()) stopping ??= setTimeout(() => end("stopped"), stoppedMilliseconds);
  });
  const complaint = collectErrors(qemu.stderr);
  const exited = waitForExit(qemu);
  emit({ kind: "boot-started", accelerator: run.accelerator, command: run.command });

  const cleanUp = [
    onAbort(run.signal, () => end("aborted")),
    connectInput(run.input, qemu.stdin),
    atDeadline(run, () => end("timeout")),
    run.patience === undefined
      ? () => {}
      : watchSilence({ pid: qemu.pid, console, patience: run.patience, onHung: (hung) => end({ hung }) }),
  ];
  let exit: Exit;
  try {
    exit = await exited;
  } catch (cause) {
    throw cannotExecute(run, cause);
  } finally {
    clearTimeout(stopping);
    for (const undo of cleanUp) undo();
    for (const socket of run.sockets) await removeSocket(socket);
  }
  if (verdict === "listener") throw thrown;
  return conclude({ run, exit, verdict, console, report, complaint: complaint() });
}

interface Ending {
  readonly run: QemuProcess;
  readonly exit: Exit;
  readonly verdict: Verdict | undefined;
  readonly console: GuestConsole;
  readonly report: MarkReport;
  readonly complaint: string;
}

function conclude({ run, exit, verdict, console, report, complaint }: Ending): QemuRun {
  if (verdict === "aborted") run.signal?.throwIfAborted();
  if (typeof verdict === "object") return { kind: "unusable", reason: verdict.hung };
  if (verdict === "timeout")
    throw new GuestError(
      "GUEST_BOOT_TIMEOUT",
      `the guest still ran after ${run.timeoutSeconds} seconds${lastWords(console)}`,
      "allow more time",
    );
  const failed = exit.code !== 0 && verdict === undefined;
  // A shell's words for a program that it could not execute.
  if (failed && (exit.code === 126 || exit.code === 127)) throw cannotExecute(run, complaint);
  if (failed && console.isSilent() && run.patience !== undefined)
    return { kind: "unusable", reason: complaint.split("\n")[0] || `QEMU ended with ${describe(exit)}` };
  const outcome = report.outcome(run.accelerator);
  const panic = console.panic();
  if (outcome.exitCode === undefined && panic !== undefined)
    throw new GuestError(
      "GUEST_BOOT_FAILED",
      `the guest's kernel panicked (${panic})${lastWords(console)}`,
      "see whether it found its disk and its init; the doctor says what a kernel lacks",
    );
  if (outcome.exitCode === undefined && failed)
    throw new GuestError(
      "GUEST_BOOT_FAILED",
      `${run.command[0]} ended with ${describe(exit)}: ${complaint || "it said nothing"}${lastWords(console)}`,
      "check the paths of kernel, initrd and disks, and whether the ports are free",
    );
  return { kind: "ended", outcome };
}

function cannotExecute({ command }: QemuProcess, cause: unknown): GuestError {
  return new GuestError("GUEST_QEMU_MISSING", `${command[0]} cannot be executed`, "install QEMU again", {
    cause,
  });
}

function lastWords(console: GuestConsole): string {
  const lines = console.lastLines();
  return lines === "" ? "; nothing came over its console" : `; its console ended:\n${lines}`;
}

function describe({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

async function waitForExit(qemu: BoundProcess): Promise<Exit> {
  return await new Promise((resolve, reject) => {
    qemu.once("error", reject);
    // `close` comes after the last byte of output; `exit` may come before it.
    qemu.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/** What else has that name is not QEMU's. */
async function removeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket()) await rm(path, { force: true });
}

function collectErrors(stream: Readable): () => string {
  let bytes = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]).subarray(-maxErrorBytes);
  });
  return () => shownText(bytes);
}

function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

function connectInput(input: Readable | undefined, console: Writable): () => void {
  // The guest may end while somebody types.
  console.on("error", () => {});
  input?.pipe(console, { end: false });
  return () => {
    input?.unpipe(console);
    input?.pause();
  };
}

function atDeadline({ timeoutSeconds, began }: QemuProcess, act: () => void): () => void {
  if (timeoutSeconds === undefined) return () => {};
  const left = began + timeoutSeconds * 1000 - performance.now();
  const timer = setTimeout(act, Math.min(Math.max(left, 0), maxMilliseconds));
  return () => clearTimeout(timer);
}
