import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { judgePath } from "../require-judge.ts";

export interface BootOptions {
  /** A bzImage with the drivers that the disk needs built in, or in `initrd`. */
  readonly kernel: string;
  readonly initrd?: string;
  /** A raw image; the guest sees it as /dev/nvme0n1. */
  readonly disk: string;
  /** Written to by the guest where true; otherwise what it writes is dropped. Default: false. */
  readonly keepWrites?: boolean;
  /** Added to the kernel's command line, after (so overriding) `root=/dev/nvme0n1 rw init=/bin/sh`. */
  readonly append?: string;
  /** Typed one after another into the shell on the serial console; one line each. */
  readonly commands: readonly string[];
  /** For the whole boot and all commands. Default: 120. */
  readonly timeoutSeconds?: number;
}

export interface CommandResult {
  readonly command: string;
  /** What it printed, both streams, with `\n` at the ends of lines. */
  readonly output: string;
  readonly exitCode: number;
}

export interface BootResult {
  readonly commands: readonly CommandResult[];
  /** All that came over the serial console. */
  readonly console: string;
}

/**
 * Boots a disk in QEMU by emulation (no KVM wanted) with a shell as PID 1, types commands and collects their answers.
 *
 * @throws {Error} with the console's text, if the guest dies or the time runs out.
 */
export async function bootDisk(options: BootOptions): Promise<BootResult> {
  const guest = spawn("qemu-system-x86_64", qemuArguments(options), {
    env: { PATH: judgePath() },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const console = watchConsole([guest.stdout, guest.stderr]);
  const timer = setTimeout(
    () => {
      console.end(new Error("the guest took too long"));
    },
    (options.timeoutSeconds ?? 120) * 1000,
  );
  guest.once("error", console.end);
  guest.stdin.on("error", console.end);
  const exited = new Promise<void>((resolve) => {
    guest.once("close", () => {
      console.end(new Error("the guest ended"));
      resolve();
    });
  });
  try {
    await console.until(/[#$] $/m);
    const commands: CommandResult[] = [];
    for (const [index, command] of options.commands.entries()) {
      // The terminal echoes what is typed; only what the shell prints has these marks whole.
      guest.stdin.write(`echo "@@""BEGIN${index}"; ${command}; printf '\\n@@%s %s\\n' END${index} $?\n`);
      const answer = new RegExp(String.raw`@@BEGIN${index}\n([^]*?)\n@@END${index} (\d+)\n`);
      const [, output = "", status = ""] = await console.until(answer);
      commands.push({ command, output, exitCode: Number(status) });
    }
    return { commands, console: console.text() };
  } finally {
    clearTimeout(timer);
    guest.kill("SIGKILL");
    await exited;
  }
}

function qemuArguments({ kernel, initrd, disk, keepWrites = false, append = "" }: BootOptions): string[] {
  const commandLine = `console=ttyS0 root=/dev/nvme0n1 rw init=/bin/sh quiet panic=-1 ${append}`;
  const drive = `file=${disk.replaceAll(",", ",,")},format=raw,if=none,id=disk,snapshot=${keepWrites ? "off" : "on"}`;
  const machine = "-accel tcg -cpu max -m 512 -nodefaults -no-reboot -display none -serial stdio".split(" ");
  const devices = ["-drive", drive, "-device", "nvme,drive=disk,serial=bootlayer"];
  const boot = ["-kernel", kernel, "-append", commandLine.trim()];
  return [...machine, ...devices, ...boot, ...(initrd === undefined ? [] : ["-initrd", initrd])];
}

interface Console {
  /** Resolves when the text so far matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  text(): string;
  readonly end: (cause: Error) => void;
}

function watchConsole(streams: readonly Readable[]): Console {
  let text = "";
  let failure: Error | undefined;
  let check: (() => void) | undefined;
  for (const stream of streams)
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      // Serial consoles end lines with CR LF; shells with line editing switch modes by escape sequences.
      // oxlint-disable-next-line no-control-regex
      text += chunk.replaceAll("\r", "").replaceAll(/\u001B\[[?\d;]*[a-zA-Z]/g, "");
      check?.();
    });

  async function until(pattern: RegExp): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      check = () => {
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
        else if (failure !== undefined)
          reject(new Error(`${failure.message}; the console:\n${text}`, { cause: failure }));
      };
      check();
    });
  }

  function end(cause: Error): void {
    failure ??= cause;
    check?.();
  }

  return { until, text: () => text, end };
}
