/** How a finding weighs: `error` is that the image will not boot, or its program not run, as things stand. */
export type Severity = "ok" | "note" | "warning" | "error";

/** What a finding is about. Stable across releases: programs decide by it and by the severity, never by the text. */
export type FindingCode =
  // The program that the image runs.
  | "program-found"
  | "program-script"
  | "program-unset"
  | "program-missing"
  | "program-not-a-file"
  | "program-not-executable"
  | "program-empty"
  | "program-unreadable"
  | "program-format"
  | "program-architecture"
  | "elf-malformed"
  | "elf-interpreter"
  | "shebang-interpreter"
  | "shebang-crlf"
  | "shebang-arguments"
  | "shebang-too-long"
  | "shebang-too-deep"
  | "shebang-env"
  // What it runs as and where.
  | "user"
  | "working-directory"
  | "init-system"
  | "platform"
  | "platform-host"
  // What a build would refuse of the guest that is asked for, or warn of.
  | "guest"
  // The kernel: a feature that something needs, by how the kernel has it.
  | "kernel-architecture"
  | "kernel-compression"
  | "kernel-format"
  | "kernel-config-unknown"
  | "kernel-built-in"
  | "kernel-module"
  | "kernel-absent";

/** One thing that was looked at, and what it means for the boot. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What was looked at: a path in the image, a kernel symbol, a member of the configuration. Safe to print. */
  readonly subject: string;
  /** Why it is so: a sentence without a final full stop. */
  readonly reason: string;
  /** What a person can do about it; absent where nothing needs to be done. */
  readonly remedy: string | undefined;
}
