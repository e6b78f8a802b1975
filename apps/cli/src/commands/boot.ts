import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  bootWithQemu,
  buildDisk,
  guestPaths,
  readKernel,
  type BootOutcome,
  type KernelFacts,
} from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { diskOptionsOf, type DiskFlags } from "../disk-flags.ts";
import { exitCodes } from "../exit-code.ts";
import { environmentOf } from "../environment.ts";
import { limitsOf, type LayerFlags } from "../flags.ts";
import { guestConfigOf } from "../guest-config.ts";
import { guestFlagNames, type GuestFlags } from "../guest-flags.ts";
import { machineOf, type MachineGuest } from "../machine.ts";
import type { MachineFlags } from "../machine-flags.ts";
import { withProgress } from "../progress/with-progress.ts";
import { rawInput } from "../raw-input.ts";
import { usageError } from "../usage-error.ts";
import { writeWarnings } from "../warnings.ts";

export interface BootFlags extends LayerFlags, DiskFlags, GuestFlags, MachineFlags {
  readonly kernel: string;
  readonly initrd?: string;
  readonly initAs?: "layer" | "initrd";
  readonly readOnly: boolean;
  readonly keepWrites: boolean;
  readonly accelerator: "auto" | "kvm" | "tcg";
  readonly timeout?: number;
  readonly interactive: boolean;
  readonly kernelLog: boolean;
}

export async function boot(this: CliContext, flags: BootFlags, subject: string): Promise<void> {
  const kernel = await readKernel(flags.kernel);
  await using place = await temporaryDirectory();
  const guest = (await isDisk(subject))
    ? await guestOfDisk(flags, kernel, subject)
    : await guestOfImage(this, flags, subject, place.path);
  const machine = machineOf(flags, kernel, "qemu", guest);
  const kernelArguments = [...(flags.kernelLog ? [] : ["quiet"]), ...machine.kernelArguments];
  // With --json standard output is the result's alone.
  const console = flags.json ? this.process.stderr : this.process.stdout;
  // The guest's first word: what comes before it can be lost on a serial line, or with a QEMU that KVM fails.
  const { promise: listening, resolve: guestSpeaks } = Promise.withResolvers<void>();
  const input = flags.interactive ? rawInput(this.process.stdin, listening) : undefined;
  const quit = new AbortController();
  void input?.quit.then(() => quit.abort());
  try {
    const outcome = await bootWithQemu({
      machine: { ...machine, kernelArguments },
      kernel,
      keepWrites: flags.keepWrites,
      accelerator: flags.accelerator,
      timeoutSeconds: flags.timeout,
      input: input?.stream,
      signal: AbortSignal.any([this.signal, quit.signal]),
      onEvent: (event) => {
        if (event.kind === "boot-console") {
          console.write(event.bytes);
          guestSpeaks();
        }
        if (event.kind === "boot-kvm-given-up")
          this.process.stderr.write(`warning: KVM is not used: ${event.reason}\n`);
      },
    });
    if (flags.json) this.process.stdout.write(`${JSON.stringify(outcome)}\n`);
    else this.process.stderr.write(outcomeText(outcome));
    this.endWith(outcome.exitCode ?? (outcome.failure === undefined ? exitCodes.success : exitCodes.guest));
  } catch (error) {
    // Ended by a person: the exit code says so.
    if (!this.signal.aborted && !quit.signal.aborted) throw error;
    if (quit.signal.aborted) this.endWith(exitCodes.interrupted);
  } finally {
    input?.restore();
  }
}

async function isDisk(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && (found.isFile() || found.isBlockDevice());
}

/** By the magic number of its superblock: QEMU gives such a disk to be read only. */
async function isSquashfs(disk: string): Promise<boolean> {
  await using file = await open(disk);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(4), position: 0 });
  return bytesRead === 4 && buffer.toString("latin1") === "hsqs";
}

/** A disk that was built before. What its guest is was decided then; of it, only where its agent and network are need be known. */
async function guestOfDisk(flags: BootFlags, kernel: KernelFacts, disk: string): Promise<MachineGuest> {
  const said = guestFlagNames.find(
    (name) => name !== "agent" && name !== "network" && flags[name] !== undefined,
  );
  if (said !== undefined || flags.initAs !== undefined)
    throw usageError(`${disk} is a disk: what its guest is was decided when it was built`);
  const made = ["size", "blockSize", "journal", "label", "compression", "platform", "limit"] as const;
  if (made.some((name) => flags[name] !== undefined) || flags.format !== "ext4" || !flags.selinuxLabels)
    throw usageError(`${disk} is a disk: flags on what it is made of are for an image`);
  return {
    architecture: kernel.architecture === "arm64" ? "arm64" : "amd64",
    // It is on each disk with a guest, also where it hands over to an init of the image's own.
    kernelArguments: flags.initrd === undefined ? [`init=${guestPaths.init}`] : [],
    initrd: flags.initrd === undefined ? undefined : resolve(flags.initrd),
    disk: resolve(disk),
    readOnly: flags.readOnly || (await isSquashfs(disk)),
    config: (await guestConfigOf(flags)) ?? {},
  };
}

/** A disk that is made for this boot alone. */
async function guestOfImage(
  context: CliContext,
  flags: BootFlags,
  source: string,
  directory: string,
): Promise<MachineGuest> {
  if (flags.keepWrites)
    throw usageError("--keep-writes is for a disk: that of an image is gone after the boot");
  if (flags.initAs === "initrd" && flags.initrd !== undefined)
    throw usageError("--init-as initrd makes an initrd of its own: leave --initrd out");
  const config = await guestConfigOf(flags);
  const result = await withProgress(context, flags.progress, (progress) =>
    buildDisk(
      {
        source,
        output: join(directory, `disk.${flags.format}`),
        platform: flags.platform,
        disk: diskOptionsOf(flags),
        guest:
          flags.initAs === "initrd"
            ? { as: "initrd", initrd: join(directory, "initrd"), config, readOnlyRoot: flags.readOnly }
            : { config, readOnlyRoot: flags.readOnly },
        limits: limitsOf(flags),
        sourceDateEpoch: context.process.env["SOURCE_DATE_EPOCH"],
      },
      environmentOf(flags, context, progress),
    ),
  );
  writeWarnings(context, result);
  const initrd = result.guest?.initrd ?? flags.initrd;
  return {
    architecture: result.platform.architecture === "arm64" ? "arm64" : "amd64",
    kernelArguments: result.guest?.kernelArguments ?? [],
    initrd: initrd === undefined ? undefined : resolve(initrd),
    disk: result.output,
    readOnly: flags.readOnly || flags.format === "squashfs",
    config: config ?? {},
  };
}

/** One line on how it went, after the console. */
function outcomeText({
  exitCode,
  signal,
  outOfMemory,
  failure,
  startSeconds,
  accelerator,
}: BootOutcome): string {
  const started =
    startSeconds === undefined ? [] : [`entrypoint ${startSeconds.toFixed(2)} s after the kernel`];
  const ended =
    failure ??
    (exitCode === undefined
      ? "the guest powered itself off"
      : signal === undefined
        ? `exit code ${exitCode}`
        : `ended by signal ${signal}${outOfMemory ? ", out of memory" : ""}`);
  return `${[accelerator, ...started, ended].join(", ")}\n`;
}

async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "bootlayer-boot-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
