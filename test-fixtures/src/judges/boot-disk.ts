import { bootGuest } from "./boot-guest.ts";

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
export async function bootDisk({ disk, keepWrites, append, ...options }: BootOptions): Promise<BootResult> {
  await using guest = await bootGuest({
    ...options,
    disks: [{ path: disk, ...(keepWrites === undefined ? {} : { keepWrites }) }],
    append: `root=/dev/nvme0n1 rw init=/bin/sh quiet ${append ?? ""}`,
  });
  await guest.until(/[#$] $/m);
  const commands: CommandResult[] = [];
  for (const [index, command] of options.commands.entries()) {
    // The terminal echoes what is typed; only what the shell prints has these marks whole.
    guest.type(`echo "@@""BEGIN${index}"; ${command}; printf '\\n@@%s %s\\n' END${index} $?\n`);
    const answer = new RegExp(String.raw`@@BEGIN${index}\n([^]*?)\n@@END${index} (\d+)\n`);
    const [, output = "", status = ""] = await guest.until(answer);
    commands.push({ command, output, exitCode: Number(status) });
  }
  return { commands, console: guest.text() };
}
