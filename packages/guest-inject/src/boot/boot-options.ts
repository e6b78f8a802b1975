import type { Readable } from "node:stream";
import type { KernelFacts } from "../doctor/kernel-facts.ts";
import type { LaunchMachine } from "../launch/machine.ts";
import type { ConsoleMark } from "./console-mark.ts";

export type Accelerator = "kvm" | "tcg";

export interface BootOptions {
  readonly machine: LaunchMachine;
  /** If known, it decides the bus of disks for which the machine does not say one: see `qemuDiskBus`. */
  readonly kernel?: KernelFacts | undefined;
  /** The guest's writes go to the disks. Default: they are dropped when it ends. */
  readonly keepWrites?: boolean | undefined;
  /**
   * `auto`: KVM where /dev/kvm can be used and the guest's architecture is the host's; if QEMU fails under it before a byte
   * comes over the console, or no guest is run, the guest is started again under TCG. Default: `auto`.
   */
  readonly accelerator?: Accelerator | "auto" | undefined;
  /**
   * With `auto`: seconds under KVM after which a QEMU counts as hung that keeps a processor busy, while nothing has come over the
   * console and (next to) no time has passed in the guest; an idle one has three times as long. Default: 5.
   */
  readonly kvmPatienceSeconds?: number | undefined;
  /** For the whole boot, under KVM and TCG together; then GUEST_BOOT_TIMEOUT. Default: none. */
  readonly timeoutSeconds?: number | undefined;
  /**
   * Typed into the console as it comes, as from a terminal in raw mode; its end is no end for the guest. As on a serial line, up to
   * 16 bytes that come before the guest's kernel has the console are lost: the `start` mark is a time to begin.
   */
  readonly input?: Readable | undefined;
  /** Ends the guest at once; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BootEvent) => void) | undefined;
}

export type BootEvent = Readonly<
  /** QEMU runs; `command` is what was executed. */
  | { kind: "boot-started"; accelerator: Accelerator; command: readonly string[] }
  /** The console's output as it comes: control characters and all. */
  | { kind: "boot-console"; bytes: Uint8Array }
  | { kind: "boot-mark"; mark: ConsoleMark }
  /** KVM failed or hung; the guest is started again under TCG. */
  | { kind: "boot-kvm-given-up"; reason: string }
>;

/** A guest that ended by itself. */
export interface BootOutcome {
  /** As the init reported it; undefined where another init powered the machine off. */
  readonly exitCode: number | undefined;
  /** The signal that ended the program. */
  readonly signal: number | undefined;
  /** The kernel's memory killer sent it. */
  readonly outOfMemory: boolean;
  /** From the kernel's start to the program's, by the guest's clock. */
  readonly startSeconds: number | undefined;
  /** From QEMU's start to the program's, by the host's clock. */
  readonly hostStartSeconds: number | undefined;
  readonly accelerator: Accelerator;
  /** Why the program could not be started. */
  readonly failure: string | undefined;
  readonly warnings: readonly string[];
}
